import {
  Bells,
  type CallChannel,
  type ClientProcedure,
  encodeRequest,
  idempotentProcedures,
  Participant,
  SlotPeers,
  type WaitStrategy,
} from '@memlane/channel'
import type { SharedMemoryError } from '@memlane/core'
import { now, steadyNow } from '@memlane/core/internal'
import {
  ANSWERED,
  type CallControl,
  CallWriter,
  CLIENT_PID,
  changeSlot,
  consumerOf,
  DIED,
  kindOf,
  loadSlot,
  PART,
  ProducerPlace,
  READY,
  RETURNED_CALL,
  TAKEN,
  withKindOf,
} from '@memlane/protocol/internal'
import { endError, errorIn } from './call-errors.js'
import type { RemoteError } from './remote-error.js'

/** The slots of one client, in which it sends its calls, watches them, and gives them up. */
export class CallSlots {
  readonly channel: CallChannel
  readonly participant: Participant<CallChannel>
  readonly control: CallControl
  readonly writer: CallWriter
  readonly peers: SlotPeers
  readonly #place: ProducerPlace
  readonly #servers: Bells

  /** @param place the producer place that this process has claimed */
  constructor(channel: CallChannel, place: number, waitStrategy?: WaitStrategy) {
    const { control } = channel
    this.channel = channel
    this.control = control
    this.participant = new Participant(channel, control.producers, place, waitStrategy)
    this.#servers = Bells.of(channel, control.consumers)
    control.cleanUpAfter(
      place,
      () => true,
      (server) => this.#servers.ringSleeper(server),
    )
    control.clearDone(place)
    this.#place = new ProducerPlace(control, place)
    control.words[control.producers.slotIndex(place) + CLIENT_PID] = process.pid
    this.#servers.ringSleepers() // they must watch this client from now on
    this.writer = new CallWriter(control, place)
    const isIdempotent = idempotentProcedures(channel)
    const bells = { consumers: this.#servers, producers: Bells.of(channel, control.producers) }
    this.peers = new SlotPeers(channel, bells, (index, word, isDead) => {
      control.takeAway(index, word, isDead, isIdempotent)
    })
  }

  /** @throws SharedMemoryError `CLOSED`, as the error of a call that was not sent */
  checkOpen(): void {
    if (this.participant.closed) throw endError(this.channel, 'CLOSED', 'this client is closed', false)
  }

  /**
   * Writes a request into a slot.
   *
   * @returns its length
   * @throws TypeError, RangeError for a request that does not fit; SharedMemoryError `CLOSED` if a getter of it has closed this client
   */
  write(procedure: ClientProcedure, index: number, request: unknown): number {
    try {
      return encodeRequest(this.control, procedure, index, request)
    } catch (error) {
      this.checkOpen()
      throw error
    }
  }

  /** Publishes a request that was written. */
  publish(slot: number, procedure: ClientProcedure, length: number, deadline: number): void {
    const mayRing = this.writer.publish(slot, procedure.number, length, steadyDeadline(deadline)) !== 0
    if (mayRing) this.#servers.ringSleepers()
  }

  /** The error of a call that has ended; undefined if its answer is there. */
  errorIn(procedure: ClientProcedure, slot: number): SharedMemoryError | RemoteError | undefined {
    this.participant.checkOpen()
    return errorIn(this.channel, this.writer, procedure, slot)
  }

  /** Gives up a call. Tells whether a server had taken it; undefined if it has ended already. */
  cancel(index: number): boolean | undefined {
    const word = this.control.cancel(index)
    const kind = kindOf(word)
    if (kind === READY) return false
    if (kind === RETURNED_CALL) return true
    if (kind !== TAKEN && kind !== PART) return isEnd(kind) ? undefined : true
    this.#servers.ringSleeper(consumerOf(word))
    return true
  }

  /** Tells the server that it can send more parts. False if there are none any more. */
  handBack(index: number): boolean {
    const { words } = this.control
    const word = loadSlot(words, index)
    if (kindOf(word) !== PART || !changeSlot(words, index, word, withKindOf(word, TAKEN))) return false
    this.#servers.ringSleeper(consumerOf(word))
    return true
  }

  /** Ends this client, which has no call any more. */
  close(): void {
    this.participant.close(() => {
      this.#place.close()
      this.#servers.ringSleepers()
    })
  }
}

/** Tells whether a client must look at a slot of that kind. */
export function isNews(kind: number): boolean {
  return kind !== READY && kind !== TAKEN && kind !== RETURNED_CALL
}

/** Tells whether a call has ended: its slot is its client's again. */
function isEnd(kind: number): boolean {
  return kind === ANSWERED || kind === DIED
}

/** A deadline as the memory has it: on the steady clock of the system; 0 for never. */
function steadyDeadline(deadline: number): number {
  return deadline === Infinity ? 0 : steadyNow() + (deadline - now())
}
