import type { Msg } from '@nats-io/nats-core'
import { bridgeFailure, FAILED, failureIn } from './call-failure.js'
import { controlText, HEARTBEAT_MS, SEQUENCE, SILENT_HEARTBEATS, STATUS, WINDOW_PARTS } from './call-wire.js'
import { isNoResponders } from './nats-service.js'
import { PULSE_MS, type Pulsed } from './pulse.js'

/** Credit is given when so many parts were taken. */
const CREDIT_PARTS = WINDOW_PARTS / 2

/** What a far call needs of its route. */
export interface FarCallHost {
  /** True once a sign of life has come: the service is offered by a bridge. */
  hasHeartbeats: boolean
  /** How long a service without signs of life may be silent, in milliseconds. */
  readonly timeoutMs: number
  publish(subject: string, data: string): void
  /** The call needs no more replies. */
  forget(call: FarCall): void
}

/** A call that was sent to a service. It collects the replies. */
export class FarCall implements Pulsed {
  /** Its reply subject. */
  readonly inbox: string
  readonly #host: FarCallHost
  readonly #procedure: string
  readonly #streams: boolean
  readonly #signal: AbortSignal
  readonly #replies: Uint8Array[] = []
  #isOver = false
  #error: unknown
  #onReply: (() => void) | undefined
  #received = 0
  #taken = 0
  #told = 0
  #control: string | undefined
  #silentPulses = 0
  #untoldPulses = 0
  #isCancelled = false

  /** @param signal cancels the call */
  constructor(host: FarCallHost, inbox: string, procedure: string, streams: boolean, signal: AbortSignal) {
    this.#host = host
    this.inbox = inbox
    this.#procedure = procedure
    this.#streams = streams
    this.#signal = signal
    signal.addEventListener('abort', this.#abort)
  }

  /** True if a part has come: then the call cannot be made again. */
  get hasParts(): boolean {
    return this.#received > 0
  }

  /**
   * Waits for the answer, or for the next part.
   *
   * @returns undefined at the end of a streamed answer
   * @throws CallFailure, or the reason of `cancel`
   */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const reply = this.#replies.shift()
      if (reply !== undefined) {
        this.#taken++
        if (this.#streams && this.#taken - this.#told >= CREDIT_PARTS) this.#tell()
        return reply
      }
      if (this.#error !== undefined) throw this.#error
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#onReply = resolve
      })
    }
  }

  /** Gives up the call: its server is told as soon as it has said where. */
  cancel(reason: unknown): void {
    if (this.#isOver) return
    this.#isCancelled = true
    this.#error = reason
    this.#signal.removeEventListener('abort', this.#abort)
    this.#onReply?.()
    if (this.#control !== undefined) this.#sendCancel(this.#control)
  }

  /** Takes a reply. It may be anything. */
  receive(message: Msg): void {
    try {
      this.#receive(message)
    } catch (error) {
      this.#fail(
        bridgeFailure(FAILED.handler, 'CORRUPT', `the service has sent a wrong reply: ${String(error)}.`, true),
      )
    }
  }

  #receive(message: Msg): void {
    this.#silentPulses = 0
    const { reply, data } = message
    const found = message.headers
    const status = found?.get(STATUS)
    if (status === 'running' || found?.has(SEQUENCE)) this.#host.hasHeartbeats = true
    if (reply) this.#control = reply
    if (this.#isCancelled) {
      if (reply) this.#sendCancel(reply)
      else this.#end()
      return
    }
    if (isNoResponders(message)) {
      this.#fail(
        bridgeFailure(FAILED.unavailable, 'NO_RESPONDERS', `no service answers calls of ${this.#procedure}.`, false),
      )
      return
    }
    const failure = failureIn(message)
    if (failure !== undefined) this.#fail(failure)
    else if (status !== 'running') this.#take(data, status, found?.get(SEQUENCE))
    if (!this.#isOver && (status === 'running' || this.#untoldPulses * PULSE_MS >= HEARTBEAT_MS / 2)) this.#tell()
  }

  pulse(): void {
    this.#untoldPulses++
    const silentMs = ++this.#silentPulses * PULSE_MS
    if (silentMs < (this.#host.hasHeartbeats ? HEARTBEAT_MS * SILENT_HEARTBEATS : this.#host.timeoutMs)) return
    if (this.#isCancelled) {
      this.#end()
      return
    }
    const message = `the service has said nothing about this call of ${this.#procedure} for ${silentMs} ms.`
    this.#fail(bridgeFailure(FAILED.handler, 'DIED', message, true))
  }

  /** @param sequence empty or undefined if the service does not number its parts */
  #take(data: Uint8Array, status: string | undefined, sequence: string | undefined): void {
    if (!this.#streams) {
      this.#replies.push(data)
      this.#end()
      return
    }
    if (sequence && sequence !== String(this.#received + 1)) {
      const message = `part ${this.#received + 1} of the answer of ${this.#procedure} was lost on the way.`
      this.#fail(bridgeFailure(FAILED.handler, 'DIED', message, true))
      return
    }
    if (status === 'end' || (!sequence && data.length === 0)) {
      this.#end()
      return
    }
    this.#received++
    if (this.#replies.length < WINDOW_PARTS) this.#replies.push(data)
    else {
      const message = `the service sends parts of ${this.#procedure} faster than its client takes them.`
      this.cancel(bridgeFailure(FAILED.handler, 'OVERRUN', message, true))
      return
    }
    this.#onReply?.()
  }

  readonly #abort = (): void => this.cancel(this.#signal.reason)

  /** Tells the service what was taken, and that the answer is still wanted. */
  #tell(): void {
    if (this.#control === undefined) return
    this.#untoldPulses = 0
    this.#told = this.#taken
    this.#host.publish(this.#control, controlText({ kind: 'taken', parts: this.#taken }))
  }

  #sendCancel(control: string): void {
    this.#host.publish(control, controlText({ kind: 'cancel' }))
    this.#end()
  }

  #fail(error: unknown): void {
    this.#error = error
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#signal.removeEventListener('abort', this.#abort)
    this.#host.forget(this)
    this.#onReply?.()
  }
}
