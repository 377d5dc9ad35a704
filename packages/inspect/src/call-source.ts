/**
 * Calls as they pass. A request is whole as long as its call is open: its client does not fill the slot before. An answer is whole as
 * long as its slot is *answered*: servers write only into slots that they have taken. So both are read between two loads of the slot's
 * word.
 *
 * A call that is answered before this observer has seen its request needs more: its client may be filling the slot with the next
 * request, which shows only when that is published. Such a request counts if it is still the same after a pause.
 */

import type { CallChannel } from '@memlane/channel'
import { now } from '@memlane/core/internal'
import { type AnyCodec, LayoutError, payload } from '@memlane/protocol'
import {
  ABANDONED,
  ANSWERED,
  type ApiDescriptor,
  type CallControl,
  codecFromDescriptor,
  DIED,
  DONE,
  EXPIRED,
  encodeDescriptor,
  FREE,
  generationOf,
  kindOf,
  LENGTH,
  loadAfterCopy,
  MAX_GENERATION,
  PART,
  READY,
  RETURNED_CALL,
  slotOfEntry,
  TAKEN,
} from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import { ObservedRing } from './observed-ring.js'
import { type Decode, SeenMessage } from './seen-message.js'
import { hasDeadProducer, hasLivingParticipant } from './slot-participants.js'
import type { TailKind } from './tail.js'
import type { TailSource, Take } from './tail-source.js'

/** A procedure as an observer decodes it. */
interface ObservedProcedure {
  readonly name: string
  readonly request: AnyCodec
  readonly answer: Decode
}

/** A call whose request was found. */
interface OpenCall {
  readonly slot: number
  readonly generation: number
  readonly position: number
  readonly procedure: ObservedProcedure
  /** Of a call that was answered already: its request, and when that was copied. It is handed over after a second look. */
  readonly unsure: { readonly request: Uint8Array; readonly word: number; readonly time: number } | undefined
}

interface ObservedClient {
  readonly ring: ObservedRing
  readonly calls: Map<number, OpenCall>
  missedBefore: number
}

/** How long a request must have stayed the same if its call was answered already, in milliseconds. */
const PAUSE_MS = 1

const nothing: Decode = { decode: () => undefined }
const failures = {
  died: { decode: () => ({ code: 'DIED', message: 'the server died, or closed before it had answered' }) },
  expired: { decode: () => ({ code: 'TIMED_OUT', message: 'no server began it before its deadline' }) },
  givenUp: { decode: () => ({ code: 'GIVEN_UP', message: 'the client has given up the call' }) },
} satisfies Record<string, Decode>
const errorCodec = payload.json()

export class CallSource implements TailSource {
  missed = 0
  readonly #channel: CallChannel
  readonly #control: CallControl
  readonly #procedures: readonly ObservedProcedure[]
  readonly #clients: ObservedClient[] = []
  readonly #copy = new CopiedPayload()
  readonly #message: SeenMessage
  #turn = 0

  /** @throws LayoutError `CORRUPT`; TypeError */
  constructor(channel: CallChannel, api: ApiDescriptor) {
    this.#channel = channel
    this.#control = channel.control
    this.#procedures = api.procedures.map(({ name, request, answer, streams }) => {
      const codecOf = (descriptor: typeof request) =>
        codecFromDescriptor(encodeDescriptor(descriptor), channel.header.schemaOffset)
      return { name, request: codecOf(request), answer: streams ? nothing : codecOf(answer) }
    })
    this.#message = new SeenMessage(nothing, this.#copy.data)
    this.#takeUp((client) => this.#control.sentBy(client))
  }

  poll(take: Take, limit: number): number {
    this.#takeUp(() => 0)
    let count = 0
    for (let visited = 0; visited < this.#clients.length && count < limit; visited++) {
      this.#turn = (this.#turn + 1) % this.#clients.length
      count += this.#pollOne(this.#clients[this.#turn] as ObservedClient, take, limit - count)
    }
    return count
  }

  #pollOne(client: ObservedClient, take: Take, limit: number): number {
    const { ring, calls } = client
    let count = 0
    for (const call of calls.values()) {
      if (count >= limit) return count
      count += this.#lookForAnswer(client, call, take, limit - count)
    }
    this.#miss(client, ring.refresh())
    while (!ring.isDone && count < limit) {
      if (!ring.next()) this.#miss(client, 1)
      else count += this.#takeUpCall(client, take, limit - count)
    }
    return count
  }

  /** Looks at the call of the ring's entry. Returns how many messages were handed over. */
  #takeUpCall(client: ObservedClient, take: Take, limit: number): number {
    const { ring, calls } = client
    const { slot, generation, position } = ring
    const before = calls.get(slot)
    if (before?.generation === generation) return 0 // a client repeats the entry of a request that waits for long
    if (before !== undefined) this.#lose(client, before)
    const index = this.#control.slotIndex(ring.producer, slot)
    const word = this.#control.wordOf(index)
    const procedure = this.#procedures[this.#control.procedureOf(index)]
    if (procedure === undefined || !this.#copyRequest(index)) return this.#miss(client, 1)
    const after = loadAfterCopy(this.#control.words, index)
    if (!ring.isThere()) return this.#miss(client, 1)
    if (isOpen(word, generation) && isOpen(after, generation)) {
      const call = { slot, generation, position, procedure, unsure: undefined }
      calls.set(slot, call)
      this.#show(client, call, 'request', procedure.request, take)
      return 1 + this.#lookForAnswer(client, call, take, limit - 1)
    }
    if (word !== after || !hasEnded(word) || takesOf(word, generation) !== 1) return this.#miss(client, 1)
    const unsure = { request: bytesOf(this.#copy), word, time: now() }
    calls.set(slot, { slot, generation, position, procedure, unsure })
    return 0
  }

  /** Looks whether a call has ended. Returns how many messages were handed over. */
  #lookForAnswer(client: ObservedClient, call: OpenCall, take: Take, limit: number): number {
    const { slot, unsure, procedure } = call
    const index = this.#control.slotIndex(client.ring.producer, slot)
    const word = this.#control.wordOf(index)
    if (limit === 0 || (unsure === undefined && !hasEnded(word) && !isGivenUp(word))) return 0
    if (this.#hasNewer(client.ring, slot)) return 0 // its entry comes next, and ends this call
    if (unsure === undefined) {
      client.calls.delete(slot)
      return this.#takeAnswer(client, call, index, word, take) ? 1 : this.#miss(client, 1)
    }
    if (word === unsure.word && now() - unsure.time < PAUSE_MS) return 0
    if (!this.#isSame(index, call)) {
      this.#lose(client, call)
      return 0
    }
    const sure = { ...call, unsure: undefined }
    client.calls.set(slot, sure)
    this.#show(client, call, 'request', procedure.request, take)
    return 1 + this.#lookForAnswer(client, sure, take, limit - 1)
  }

  /** Copies the request again, and tells whether it is still the one that was copied before. */
  #isSame(index: number, { unsure, procedure }: OpenCall): boolean {
    if (unsure === undefined || !this.#copyRequest(index)) return false
    const number = this.#control.procedureOf(index)
    const isSame = loadAfterCopy(this.#control.words, index) === unsure.word && this.#procedures[number] === procedure
    const request = bytesOf(this.#copy)
    return (
      isSame && request.length === unsure.request.length && request.every((byte, at) => byte === unsure.request[at])
    )
  }

  /** Hands over how a call has ended. False if it can no longer be told. */
  #takeAnswer(client: ObservedClient, call: OpenCall, index: number, word: number, take: Take): boolean {
    const control = this.#control
    const kind = kindOf(word)
    if (kind !== ANSWERED) {
      this.#copy.length = 0
      this.#show(client, call, 'failure', kind === DIED ? failures.died : failures.givenUp, take)
      return true
    }
    const status = control.statusOf(index)
    if (!this.#copyAnswer(index)) return false
    const after = loadAfterCopy(control.words, index)
    // The answer stays until a server has taken the next request in that slot.
    if (after !== word && !(kindOf(after) === READY && generationOf(after) === generationOf(word))) return false
    if (status === DONE) this.#show(client, call, 'answer', call.procedure.answer, take)
    else this.#show(client, call, 'failure', status === EXPIRED ? failures.expired : errorCodec, take)
    return true
  }

  #copyRequest(index: number): boolean {
    const length = this.#control.words[index + LENGTH] as number
    if (length >>> 0 > this.#control.header.maxRequestLength) return false
    this.#copy.copyFrom(this.#control.words, this.#control.requestOf(index), length)
    return true
  }

  #copyAnswer(index: number): boolean {
    try {
      this.#copy.copyFrom(this.#control.words, this.#control.answerOf(index), this.#control.answerLengthOf(index))
      return true
    } catch (error) {
      if (error instanceof LayoutError) return false
      throw error
    }
  }

  /** Tells whether the client has published another call in that slot, whose entry was not looked at yet. */
  #hasNewer({ producer, nextPosition }: ObservedRing, slot: number): boolean {
    const end = this.#control.sentBy(producer)
    const ahead = Math.min((end - nextPosition) | 0, this.#control.capacity)
    for (let back = 1; back <= ahead; back++) {
      if (slotOfEntry(this.#control.entryAt(producer, end - back)) === slot) return true
    }
    return false
  }

  #show(client: ObservedClient, call: OpenCall, kind: TailKind, decoder: Decode, take: Take): void {
    const message = this.#message
    message.kind = kind
    message.producer = client.ring.producer
    message.procedure = call.procedure.name
    message.sequence = call.position >>> 0
    message.missedBefore = client.missedBefore
    message.decoder = decoder
    message.show(this.#copy)
    client.missedBefore = 0
    take(message)
  }

  #lose(client: ObservedClient, { slot }: OpenCall): void {
    client.calls.delete(slot)
    this.#miss(client, 1)
  }

  #miss(client: ObservedClient, count: number): 0 {
    client.missedBefore += count
    this.missed += count
    return 0
  }

  #takeUp(startOf: (client: number) => number): void {
    this.#control.forEachUsed((client) => {
      if (this.#clients.some(({ ring }) => ring.producer === client)) return
      const ring = new ObservedRing(this.#control, client, startOf(client))
      this.#clients.push({ ring, calls: new Map(), missedBefore: 0 })
    })
  }

  isInUse(): boolean {
    return hasLivingParticipant(this.#channel)
  }

  hasDied(): boolean {
    return hasDeadProducer(this.#channel)
  }
}

/** Tells whether a word is of the call that was published in that generation, and the call is open. */
function isOpen(word: number, generation: number): boolean {
  const kind = kindOf(word)
  if (kind === READY) return generationOf(word) === generation
  const isTaken = kind === TAKEN || kind === PART || kind === RETURNED_CALL || kind === ABANDONED
  return isTaken && takesOf(word, generation) === 1
}

function hasEnded(word: number): boolean {
  const kind = kindOf(word)
  return kind === ANSWERED || kind === DIED
}

/** Tells whether the client has given up the call, or a server has given up that of a dead client. */
function isGivenUp(word: number): boolean {
  return kindOf(word) === FREE || kindOf(word) === ABANDONED
}

/** How often the slot was taken since that generation. */
function takesOf(word: number, generation: number): number {
  return (generationOf(word) - generation) & MAX_GENERATION
}

function bytesOf({ data, length }: CopiedPayload): Uint8Array {
  return new Uint8Array(data.buffer.slice(0, length))
}
