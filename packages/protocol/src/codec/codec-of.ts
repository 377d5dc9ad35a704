import { debugsViews } from '../layout/ended-view.js'
import { describe } from '../layout/mismatch.js'
import type { AnyCodec, CodecOf, Schema } from './codec.js'
import { freshViews } from './fresh-views.js'
import { layoutCodec } from './layout-codec.js'

/**
 * Returns the codec of a schema; the result always has a `readonlyView`. A layout becomes a codec.
 *
 * @throws TypeError for anything else
 */
export function codecOf<S extends Schema>(schema: S): CodecOf<S> {
  if (typeof schema !== 'object' || schema === null || !('descriptor' in schema)) {
    throw new TypeError(`schema must be a layout or a codec, not ${describe(schema)}`)
  }
  const codec: AnyCodec = 'measure' in schema ? schema : layoutCodec(schema)
  if (debugsViews()) return freshViews(codec) as CodecOf<S>
  if ('readonlyView' in codec) return codec as CodecOf<S>
  return Object.create(codec, { readonlyView: { value: codec.view } })
}
