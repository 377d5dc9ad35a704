import type { AnyChannel } from '@memlane/channel'
import { clearTimeout, dispose, now, setTimeout } from '@memlane/core/internal'
import type { SchemaDescriptor } from '@memlane/protocol'
import type { FoundSchema } from './found-schema.js'
import { hexOf } from './hex.js'
import type { SeenMessage } from './seen-message.js'
import type { Tail, TailEnd, TailMessage } from './tail.js'
import type { TailSource } from './tail-source.js'

/** How often a tail asks the kernel whether a participant lives, if it finds no messages. */
const CHECK_INTERVAL_MS = 100
/** A creator of a channel needs a moment to take its place. */
const CHECKS_UNTIL_END = 2
const DEFAULT_LIMIT = 16_384
/** The async iteration keeps at most so many messages that it has not yielded yet. */
const ITERATION_LIMIT = 1024

/** A tail of a channel of any shape. */
export class ChannelTail implements Tail {
  readonly shape: Tail['shape']
  readonly name: string
  readonly instance: string
  readonly descriptor: SchemaDescriptor
  readonly descriptorBytes: Uint8Array<ArrayBuffer>
  readonly #channel: AnyChannel
  readonly #source: TailSource
  readonly #intervalMs: number
  #ended: TailEnd | undefined
  #polling = false
  #nextCheck = 0
  #checksUnused = 0
  #cancelPause: (() => void) | undefined

  constructor(shape: Tail['shape'], channel: AnyChannel, schema: FoundSchema, source: TailSource, intervalMs: number) {
    this.shape = shape
    this.name = channel.name
    this.instance = hexOf(channel.header.instance)
    this.descriptor = schema.descriptor
    this.descriptorBytes = schema.bytes
    this.#channel = channel
    this.#source = source
    this.#intervalMs = intervalMs
  }

  get missed(): number {
    return this.#source.missed
  }

  get ended(): TailEnd | undefined {
    return this.#ended
  }

  poll(handle: (message: TailMessage) => void, limit: number = DEFAULT_LIMIT): number {
    if (this.#ended !== undefined) return 0
    if (this.#polling) throw new TypeError('poll was called inside of its own handler')
    this.#polling = true
    let count = 0
    try {
      // A handler may close the tail: then the memory is unmapped after this call.
      this.#source.poll((message) => {
        if (this.#ended !== undefined) return
        count++
        handle(message)
      }, limit)
      return count
    } catch (error) {
      throw this.#channel.explain(error)
    } finally {
      // Also after an error: memory that stays wrong must not be kept after its last participant.
      if (count > 0) this.#checksUnused = 0
      else if (this.#ended === undefined) this.#endIfUnused()
      this.#polling = false
      if (this.#ended !== undefined) this.#channel.close()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailMessage, undefined> {
    while (this.#ended === undefined) {
      const messages: TailMessage[] = []
      this.poll((message) => messages.push((message as SeenMessage).kept()), ITERATION_LIMIT)
      yield* messages
      if (messages.length < ITERATION_LIMIT) await this.#pause()
    }
    return undefined
  }

  close(): void {
    this.#end('closed')
  }

  [dispose](): void {
    this.close()
  }

  #end(end: TailEnd): void {
    if (this.#ended !== undefined) return
    this.#ended = end
    this.#cancelPause?.()
    if (!this.#polling) this.#channel.close()
  }

  /** Everything was read. Without participants, nothing more comes, and this handle would only keep the memory. */
  #endIfUnused(): void {
    const time = now()
    if (time < this.#nextCheck) return
    this.#nextCheck = time + CHECK_INTERVAL_MS
    if (this.#source.isInUse()) this.#checksUnused = 0
    else if (++this.#checksUnused >= CHECKS_UNTIL_END) this.#end(this.#source.hasDied() ? 'died' : 'closed')
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#intervalMs)
      this.#cancelPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
