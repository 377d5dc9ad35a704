import type { ServerResponse } from 'node:http'
import { SharedMemoryError } from '@memlane/core'
import { type Inspection, inspect } from '@memlane/inspect'
import { deadLettersOf } from './dead-letters.js'
import { EventStream } from './event-stream.js'
import { FollowedChannel } from './followed-channel.js'
import type { Look, LookListener } from './looker.js'
import type { Trust } from './trust.js'

/** One open page: sends it each look, and what goes through the channel that it has chosen. */
export class OpenPage implements LookListener {
  readonly #events: EventStream
  readonly #name: string | undefined
  readonly #trustOwner: Trust
  #followed: FollowedChannel | undefined

  /**
   * @param name the memory that the page has chosen
   * @param onEnd called once, when the page has gone
   */
  constructor(response: ServerResponse, name: string | undefined, trustOwner: Trust, onEnd: () => void) {
    this.#name = name
    this.#trustOwner = trustOwner
    this.#events = new EventStream(response, () => {
      this.#followed?.close()
      onEnd()
    })
  }

  looked({ memories, summaries }: Look): void {
    if (!this.#events.hasRoom) return
    this.#events.send('overview', { time: Date.now(), memories: summaries })
    if (this.#name === undefined) return
    try {
      const inspection = this.#chosen(memories.get(this.#name))
      this.#events.send('memory', { inspection, deadLetters: deadLettersOf(inspection, this.#trustOwner) })
      this.#follow(inspection)
    } catch (error) {
      this.failed(error)
    }
  }

  failed(error: unknown): void {
    this.#events.send('problem', { message: error instanceof Error ? error.message : String(error) })
  }

  end(): void {
    this.#events.end()
  }

  /** Looks at the chosen memory again, this time with its processes. */
  #chosen(memory: Inspection | undefined): Inspection | undefined {
    if (memory === undefined || memory.shape === 'unreadable') return memory
    try {
      return inspect(memory.name, { trustOwner: this.#trustOwner })
    } catch (error) {
      if (error instanceof SharedMemoryError) return undefined // it has gone since the look
      throw error
    }
  }

  /**
   * Follows the channel of the name. If another one has got the name, follows that.
   *
   * @throws SharedMemoryError as `openTail`
   */
  #follow(inspection: Inspection | undefined): void {
    const instance = inspection !== undefined && 'instance' in inspection ? inspection.instance : undefined
    if (this.#followed?.instance === instance) return
    this.#followed?.close()
    this.#followed = undefined
    if (inspection === undefined || instance === undefined) return
    this.#followed = new FollowedChannel(inspection.name, instance, this.#trustOwner, this.#events)
  }
}
