import { setTimeout } from 'node:timers/promises'
import { type CallChannel, Channel, type StreamChannel } from '@memlane/channel'
import { callShape, Sleepers, streamShape } from '@memlane/protocol/internal'

/** Looks at a stream or at calls from outside and takes no part in it. Clients are producers, and servers are consumers. */
export class Onlooker implements Disposable {
  readonly #channel: StreamChannel | CallChannel

  constructor(name: string, shape: 'stream' | 'call' = 'stream') {
    this.#channel =
      shape === 'stream' ? Channel.open(streamShape, name, undefined) : Channel.open(callShape, name, undefined)
  }

  /** Waits until at least `count` participants of one side sleep. */
  async untilAsleep(side: 'consumers' | 'producers', count = 1): Promise<void> {
    while (this.#asleep(side).length < count) await setTimeout(5)
    await setTimeout(20) // a participant sets its mark before it sleeps
  }

  #asleep(side: 'consumers' | 'producers'): number[] {
    const asleep: number[] = []
    Sleepers.of(this.#channel.control[side]).forEachNew((index) => asleep.push(index))
    return asleep
  }

  [Symbol.dispose](): void {
    this.#channel.close()
  }
}
