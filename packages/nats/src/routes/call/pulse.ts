import { clearInterval, setInterval } from '@memlane/core/internal'

/** How often members are told, in milliseconds. */
export const PULSE_MS = 100

/** A member of a pulse. */
export interface Pulsed {
  pulse(): void
}

/**
 * Tells each member every 100 ms. Members that count pulses count only the time in which this process ran: if it was stopped, the others
 * may have spoken meanwhile, and their messages wait to be read.
 */
export class Pulse {
  readonly #members = new Set<Pulsed>()
  #timer: NodeJS.Timeout | undefined

  add(member: Pulsed): void {
    this.#members.add(member)
    this.#timer ??= setInterval(() => {
      for (const each of this.#members) each.pulse()
    }, PULSE_MS)
  }

  delete(member: Pulsed): void {
    this.#members.delete(member)
    if (this.#members.size > 0 || this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
