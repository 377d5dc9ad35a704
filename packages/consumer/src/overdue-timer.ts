import { OverdueMessages, type SlotPeers } from '@memlane/channel'
import { clearInterval, setInterval, steadyNow } from '@memlane/core/internal'
import type { QueueControl } from '@memlane/protocol/internal'

/** How many times within `maxProcessingMs` a consumer looks for messages that took longer. */
const LOOKS = 4

/** Takes messages away from consumers that hold them for longer than `maxProcessingMs`, if the queue has one. */
export class OverdueTimer {
  readonly #timer: NodeJS.Timeout | undefined

  /** @param takeAway takes one message away. Returns false if it has left its consumer already */
  constructor(control: QueueControl, peers: SlotPeers, takeAway: (index: number, word: number) => boolean) {
    const { maxProcessingMs } = control.header
    if (maxProcessingMs === 0) return
    const overdue = new OverdueMessages(control)
    const look = () => {
      let isAny = false
      overdue.look(steadyNow(), (index, word) => {
        if (takeAway(index, word)) isAny = true
      })
      if (isAny) peers.announce()
    }
    this.#timer = setInterval(look, Math.max(1, Math.floor(maxProcessingMs / LOOKS))).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
