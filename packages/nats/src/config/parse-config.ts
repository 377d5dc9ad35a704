import { z } from 'zod'
import { type BridgeConfig, bridgeConfigSchema } from './bridge-config.js'

/** A configuration that a bridge cannot run with. The message has a line for each problem. */
export class BridgeConfigError extends Error {
  override readonly name = 'BridgeConfigError'
}

/**
 * Checks a configuration, and fills in its defaults.
 *
 * @throws BridgeConfigError naming each wrong key
 */
export function parseConfig(config: unknown): BridgeConfig {
  const result = bridgeConfigSchema.safeParse(config)
  if (result.success) return result.data
  throw new BridgeConfigError(z.prettifyError(result.error))
}
