import { setTimeout } from 'node:timers/promises'
import { Channel, type StreamChannel } from '@memlane/channel'
import { codecOf, Sleepers, streamShape } from '@memlane/protocol/internal'
import { Numbered } from './numbered-message.js'

/** Looks at a stream from outside and takes no part in it. */
export class Onlooker implements Disposable {
  readonly #channel: StreamChannel

  constructor(name: string) {
    this.#channel = Channel.open(streamShape, name, codecOf(Numbered))
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
