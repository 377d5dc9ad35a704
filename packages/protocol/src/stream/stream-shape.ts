import type { Shape } from '../channel/shape.js'
import { StreamControl } from './stream-control.js'
import { OVERFLOWS, type StreamFields, streamFields, WITHOUT_CONSUMERS } from './stream-header.js'
import { placesOf, wrongDimension } from './stream-layout.js'

/** The shape of a stream, for the code that is common to all channels. */
export const streamShape: Shape<StreamFields, StreamControl> = {
  id: 1,
  name: 'stream',
  fields: streamFields,
  problemOf(fields) {
    return (
      wrongDimension(fields) ??
      wrongChoice('overflow', fields.overflow, OVERFLOWS) ??
      wrongChoice('withoutConsumers', fields.withoutConsumers, WITHOUT_CONSUMERS)
    )
  },
  placesOf,
  controlOf: (buffer, header, inOrder) => new StreamControl(buffer, header, inOrder),
}

function wrongChoice(name: string, value: unknown, choices: object): string | undefined {
  if (Object.keys(choices).includes(value as string)) return undefined
  return `${name} ${JSON.stringify(value)} is not one of ${Object.keys(choices).join(', ')}`
}
