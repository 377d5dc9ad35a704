import { describe } from '../layout/mismatch.js'
import type { Codec, MessageOf, MessageView, Schema } from './codec.js'
import { layoutCodec } from './layout-codec.js'

/**
 * Returns the codec of a schema. A codec is returned as it is; a layout becomes a codec.
 *
 * @throws TypeError for anything else
 */
export function codecOf<S extends Schema>(schema: S): Codec<MessageOf<S>, MessageView<S>> {
  if (typeof schema !== 'object' || schema === null || !('descriptor' in schema)) {
    throw new TypeError(`schema must be a layout or a codec, not ${describe(schema)}`)
  }
  return 'measure' in schema ? schema : layoutCodec(schema)
}
