import { setTimeout } from 'node:timers/promises'
import { Channel, type StreamChannel } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { codecOf, Sleepers, streamShape } from '@memlane/protocol/internal'
import { type Child, type ChildExit, type FixtureOptions, spawnFixture } from '@memlane/testing'
import { afterAll } from 'vitest'
import { Numbered } from '../fixtures/stream-numbered.js'

// Streams whose last participant was killed lie in the folder until somebody looks.
afterAll(() => {
  SharedMemory.list()
})

/** Another process, a producer or a consumer, under remote control: see fixtures/stream-peer.child.ts for its verbs. */
export class StreamPeer implements AsyncDisposable {
  readonly child: Child
  #lastId = 0

  constructor(timeoutMs = 60_000, options: FixtureOptions = {}) {
    const fixture = new URL('../fixtures/stream-peer.child.ts', import.meta.url)
    this.child = spawnFixture(fixture, [], { timeoutMs, ...options })
    this.child.exit.catch(() => {})
  }

  /** Lets the peer do one thing, and gives its result. Rejects with its error's code and message. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the verb gives
  call(verb: string, ...args: unknown[]): Promise<any> {
    const result = this.#call(verb, args)
    result.catch(() => {}) // for those that the peer does not live to answer
    return result
  }

  async #call(verb: string, args: unknown[]): Promise<unknown> {
    const id = ++this.#lastId
    this.child.write(`${JSON.stringify([id, verb, ...args])}\n`)
    const reply = JSON.parse(await this.child.line(new RegExp(`^\\{"id":${id}[,}]`)))
    if (reply.message !== undefined) throw Object.assign(new Error(reply.message), reply)
    return reply.result
  }

  /** Does one thing that the peer does not survive. */
  last(verb: string, ...args: unknown[]): Promise<ChildExit> {
    void this.call(verb, ...args)
    return this.child.exit
  }

  kill(): Promise<ChildExit> {
    this.child.kill('SIGKILL')
    return this.child.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill().catch(() => {})
  }
}

/** Looks at a stream from outside, without taking part in it. */
export class Onlooker implements Disposable {
  readonly #channel: StreamChannel

  constructor(name: string) {
    this.#channel = Channel.open(streamShape, name, codecOf(Numbered))
  }

  /** Waits until so many of one side sleep. */
  async untilAsleep(side: 'consumers' | 'producers', count = 1): Promise<void> {
    while (this.#asleep(side).length < count) await setTimeout(5)
    await setTimeout(20) // the mark is set before they lie down
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

/** Waits until a figure stands still for a while. */
export async function untilStill(figure: () => number): Promise<void> {
  for (let last = -1; last !== figure(); ) {
    last = figure()
    await setTimeout(150)
  }
}
