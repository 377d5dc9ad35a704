import { checkWholeNumber, describeValue } from '@memlane/core/internal'
import type { Codec, Members, MessageView, PayloadView, UnionCodec } from '@memlane/protocol'
import { debugsViews, KEPT, outOfLine, UNION_HEADER_LENGTH } from '@memlane/protocol/internal'
import { Bells } from './bells.js'
import type { AnyChannel } from './channel.js'
import type { MessageRoom } from './message-room.js'
import type { Participant } from './participant.js'

const checkFirst = checkWholeNumber(0)

/** The kinds of message of a union. */
export type MemberKind<S> = S extends UnionCodec<infer M> ? keyof M & string : never

/** The view of one kind of message of a union. */
export type MemberView<S, Kind> = S extends UnionCodec<infer M> ? MessageView<M[Kind & keyof M]> : never

/** Writes messages into a lane or into slots: whole, in batches, or in place. Never waits for room. */
export class MessageWriter<Message, View, Room extends MessageRoom> {
  readonly room: Room
  readonly #participant: Participant<AnyChannel>
  readonly #codec: Codec<Message, View, unknown>
  readonly #data: DataView
  readonly #view: PayloadView<View>
  /** The views of a union's members, each made by its first claim. */
  readonly #memberViews = new Map<string, PayloadView<unknown>>()
  readonly #fixedLength: number | undefined
  /** Checks and writes a message of fixed length. */
  readonly #checkAndPut: (data: DataView, offset: number, value: Message) => void
  readonly #consumers: Bells
  readonly #makeRoom: () => boolean
  /** The room if messages can be written now. Undefined once closed, and while a send is queued. */
  #freeRoom: Room | undefined
  /** The same, but undefined also if messages vary in length. */
  #fixedFreeRoom: Room | undefined
  /** How many sends are queued. No other message may overtake them. */
  #queued = 0
  /** Bytes in front of the claimed payload that the caller does not write: the union's header. */
  #claimedHeader = 0
  readonly #claimSlowOutOfLine = outOfLine(this.#claimSlow)
  readonly #claimForOutOfLine = outOfLine(this.#claimFor)
  readonly #ringOutOfLine = outOfLine(Bells.prototype.ringSleepers)

  /**
   * @param consumers the consumers' bells. Every published message rings those of sleeping consumers
   * @param makeRoom gives back room that nobody needs any more. Called when there is none; true if there may be some now
   */
  constructor(
    participant: Participant<AnyChannel>,
    room: Room,
    codec: Codec<Message, View, unknown>,
    consumers: Bells,
    makeRoom: () => boolean,
  ) {
    this.room = room
    this.#participant = participant
    this.#codec = codec
    this.#data = room.data
    this.#view = codec.view(room.data)
    this.#fixedLength = codec.fixedLength
    this.#checkAndPut = codec.checkAndPut ?? measureAndEncode(codec)
    this.#consumers = consumers
    this.#makeRoom = makeRoom
    this.#setFree(room)
    if (debugsViews()) this.#endViewsOnTime()
  }

  /** True if a send is queued. */
  get hasQueued(): boolean {
    return this.#queued !== 0
  }

  /** Blocks other messages while a send is queued. The caller must call `unqueue` once for each call. */
  queue(): void {
    this.#queued++
    this.#setFree(undefined)
  }

  unqueue(): void {
    if (--this.#queued === 0 && !this.#participant.closed) this.#setFree(this.room)
  }

  /** @throws TypeError while a message or a batch is being written */
  checkNotWriting(): void {
    if (!this.room.isBatching && !this.room.isHeld) return
    const what = this.room.isBatching ? 'a batch' : 'a message'
    const { shape, name } = this.#participant.channel
    throw new TypeError(`${shape.name} "${name}": close() is not possible while ${what} is written`)
  }

  /** Refuses everything from now on. Gives back what is claimed. */
  close(): void {
    this.#setFree(undefined)
    this.room.abort()
    this.#endViews(() => this.#participant.closedError())
  }

  trySend(value: Message): boolean {
    const room = this.#fixedFreeRoom
    if (room === undefined) return this.#freeRoom === undefined ? this.#isFree() : this.#put(value)
    let offset = room.claimFast()
    if (offset === -1) offset = this.#claimForOutOfLine[0].call(this, value)
    if (offset === -1) return false
    const checkAndPut = this.#checkAndPut
    let isWritten = false
    room.hold()
    try {
      checkAndPut(this.#data, offset, value)
      isWritten = true
    } finally {
      room.release()
      if (!isWritten) room.abort()
    }
    if (room.commit()) this.#ringOutOfLine[0].call(this.#consumers)
    return true
  }

  /**
   * @returns how many were sent
   * @throws TypeError or RangeError if `first` is not a whole number from 0 on
   */
  trySendBatch(values: readonly Message[], first: number): number {
    if (!Array.isArray(values)) throw new TypeError(`values must be an array, not ${describeValue(values)}`)
    checkFirst('first', first)
    return this.#isFree() ? this.sendQueued(values, first) : 0
  }

  /** As `trySendBatch`, for the send whose turn it is. */
  sendQueued(values: readonly Message[], first: number): number {
    if (first >= values.length) return 0
    this.room.beginBatch()
    try {
      return this.#putBatch(values, first)
    } finally {
      if (this.room.endBatch()) this.#consumers.ringSleepers()
    }
  }

  /** @returns how many were sent */
  fillBatch(count: number, fill: (message: View, index: number) => void): number {
    if (typeof count !== 'number') throw new TypeError(`count must be a number, not ${describeValue(count)}`)
    if (typeof fill !== 'function') throw new TypeError(`fill must be a function, not ${describeValue(fill)}`)
    const length = this.#fixedLength
    if (length === undefined) throw variableLength()
    if (!this.#isFree() || count <= 0) return 0
    this.room.beginBatch()
    try {
      return this.#fill(count, length, fill)
    } finally {
      if (this.room.endBatch()) this.#consumers.ringSleepers()
    }
  }

  claim(length?: number): View | undefined {
    const room = this.#fixedFreeRoom
    if (length === undefined && room !== undefined) {
      const offset = room.claimFast()
      if (offset !== -1) return this.#view.at(offset, this.#fixedLength as number)
    }
    return this.#claimSlowOutOfLine[0].call(this, length)
  }

  claimMember<MemberView>(kind: string, length?: number): MemberView | undefined {
    const union = this.#codec as unknown as UnionCodec<Members>
    const member = union.members !== undefined && Object.hasOwn(union.members, kind) ? union.members[kind] : undefined
    if (member === undefined) throw new TypeError(`the schema is no union with a member ${JSON.stringify(kind)}`)
    const memberLength = length ?? member.fixedLength
    if (memberLength === undefined) throw variableLength()
    checkIsNumber(memberLength)
    if (!(memberLength >= 0)) throw wrongLength(memberLength)
    if (!this.#isFree()) return undefined
    const offset = this.#claimRoom(UNION_HEADER_LENGTH + memberLength)
    if (offset === -1) return undefined
    this.#claimedHeader = UNION_HEADER_LENGTH
    union.select(this.#data, offset, kind)
    let view = this.#memberViews.get(kind)
    if (view === undefined) {
      view = member.view(this.#data)
      this.#memberViews.set(kind, view)
    }
    return this.#show(view as PayloadView<MemberView>, offset + UNION_HEADER_LENGTH, memberLength)
  }

  commit(length?: number): void {
    const room = this.#freeRoom
    if (room === undefined || length !== undefined) this.#commitSlow(length)
    else if (room.commitFast() !== 0) this.#ringOutOfLine[0].call(this.#consumers)
  }

  abort(): void {
    this.room.abort()
  }

  /** Bytes of a message as a whole, given the length that `claim` or `claimMember` gets. */
  wholeLength(length: number | undefined = this.#fixedLength): number {
    if (length === undefined) throw variableLength()
    if (!(length >= 0) || length !== (this.#fixedLength ?? length)) throw wrongLength(length)
    const whole = 'members' in this.#codec ? UNION_HEADER_LENGTH + length : length
    this.room.checkLength(whole)
    return whole
  }

  /** Makes the views that `claim`, `claimMember` and `fillBatch` gave out throw from now on. */
  #endViews(reason: string | (() => Error)): void {
    this.#view.end?.(reason)
    for (const view of this.#memberViews.values()) view.end?.(reason)
  }

  /** For `MEMLANE_DEBUG=views`: views that outlive `commit`, `abort` or the callback of `fillBatch` throw. */
  #endViewsOnTime(): void {
    const { commit, abort, fillBatch } = this
    this.commit = (length) => {
      commit.call(this, length)
      this.#endViews(KEPT)
    }
    this.abort = () => {
      abort.call(this)
      this.#endViews(KEPT)
    }
    this.fillBatch = (count, fill) => {
      try {
        return fillBatch.call(this, count, fill as (message: unknown, index: number) => void)
      } finally {
        this.#endViews(KEPT)
      }
    }
  }

  #setFree(room: Room | undefined): void {
    this.#freeRoom = room
    this.#fixedFreeRoom = this.#fixedLength === undefined ? undefined : room
  }

  /** True if no send is queued. */
  #isFree(): boolean {
    this.#participant.checkOpen()
    return this.#queued === 0
  }

  /** Slow path: takes room for a message of fixed length, or checks the value if there is none. */
  #claimFor(value: Message): number {
    const offset = this.#claimRoom(this.#fixedLength as number)
    if (offset === -1) this.#measure(value)
    return offset
  }

  /** Sends a message of a schema whose messages vary in length. */
  #put(value: Message): boolean {
    const { room } = this
    const offset = this.#claimRoom(this.#measure(value))
    if (offset === -1) return false
    let length = -1
    room.hold()
    try {
      length = this.#codec.encode(this.#data, offset, value)
    } finally {
      room.release()
      if (length === -1) room.abort()
    }
    if (room.commit(length)) this.#consumers.ringSleepers()
    return true
  }

  /** @throws also if a getter has closed the writer */
  #measure(value: Message): number {
    const length = this.#codec.measure(value)
    this.#participant.checkOpen()
    return length
  }

  #putBatch(values: readonly Message[], first: number): number {
    const length = this.#fixedLength
    if (length !== undefined) {
      const done = this.room.write(values, first, length, this.#checkAndPut)
      if (first + done >= values.length || !this.#makeRoom()) return done
      return done + this.room.write(values, first + done, length, this.#checkAndPut)
    }
    let index = first
    while (index < values.length && this.#put(values[index] as Message)) index++
    return index - first
  }

  #fill(count: number, length: number, fill: (message: View, index: number) => void): number {
    const done = this.room.fill(count, length, this.#view, fill)
    if (done >= count || !this.#makeRoom()) return done
    return done + this.room.fill(count - done, length, this.#view, fill, done)
  }

  /** Claims room. If there is none, tries to make some, and claims again. */
  #claimRoom(length: number): number {
    const offset = this.room.claim(length)
    return offset === -1 && this.#makeRoom() ? this.room.claim(length) : offset
  }

  /** Slow path: checks arguments, respects queued sends, may find no room. */
  #claimSlow(length = this.#fixedLength): View | undefined {
    const isFree = this.#isFree()
    if (length === undefined) throw variableLength()
    checkIsNumber(length)
    if (length !== (this.#fixedLength ?? length)) throw wrongLength(length)
    const offset = isFree ? this.#claimRoom(length) : -1
    if (offset === -1) return undefined
    this.#claimedHeader = 0
    return this.#show(this.#view, offset, length)
  }

  #show<Shown>(view: PayloadView<Shown>, offset: number, length: number): Shown {
    try {
      return view.at(offset, length)
    } catch (error) {
      this.room.abort() // the length does not fit the schema, or the schema has no writable view
      throw error
    }
  }

  /** Slow path: the caller gave a length, or a send is queued behind the claim. */
  #commitSlow(length: number | undefined): void {
    this.#participant.checkOpen()
    if (length !== undefined) {
      checkIsNumber(length)
      if (length < 0 || length !== (this.#fixedLength ?? length)) throw wrongLength(length)
    }
    const part = length === undefined ? undefined : length + this.#claimedHeader
    if (this.room.commit(part)) this.#consumers.ringSleepers()
  }
}

/** Makes the `checkAndPut` of a codec that has none. */
function measureAndEncode<T>(codec: Codec<T, unknown, unknown>): (data: DataView, offset: number, value: T) => void {
  return (data, offset, value) => {
    codec.measure(value)
    codec.encode(data, offset, value)
  }
}

/** An object could convert to another number each time. */
function checkIsNumber(length: unknown): void {
  if (typeof length !== 'number') throw new TypeError(`length must be a number of bytes, not ${describeValue(length)}`)
}

function wrongLength(length: number): RangeError {
  return new RangeError(`length ${length}: no message of this schema has that length`)
}

function variableLength(): TypeError {
  return new TypeError('messages of this schema vary in length: pass the length in bytes')
}
