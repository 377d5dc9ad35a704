import { KEPT } from '../layout/ended-view.js'
import type { AnyCodec, PayloadView } from './codec.js'

/**
 * Makes a codec that makes a new view for each payload, instead of one object that moves. So each view can be ended alone. A view
 * ends when the next one is made. For `MEMLANE_DEBUG=views`: see `debugsViews`.
 */
export function freshViews(codec: AnyCodec): AnyCodec {
  const { view, readonlyView = view } = codec
  return Object.create(codec, { view: { value: fresh(view) }, readonlyView: { value: fresh(readonlyView) } })
}

function fresh(make: (data: DataView) => PayloadView<unknown>): (data: DataView) => PayloadView<unknown> {
  return (data) => {
    let last: PayloadView<unknown> | undefined
    return {
      at(offset, length) {
        last?.end?.(KEPT)
        last = make(data)
        return last.at(offset, length)
      },
      end: (reason) => last?.end?.(reason),
    }
  }
}
