import { z } from 'zod'
import { bridgeConfigSchema } from './bridge-config.js'

/** Makes the JSON Schema of the configuration, with which editors complete and check it. */
export function bridgeSchema(): Record<string, unknown> {
  return z.toJSONSchema(bridgeConfigSchema, {
    io: 'input',
    target: 'draft-7',
    override({ path, jsonSchema }) {
      if (path.join('.') === 'properties.origin') delete jsonSchema.default // it is this machine's
    },
  })
}
