const WINDOW_MS = 3000

/** Measures how many messages come per second, over the last 3 seconds. */
export class MessageRate {
  readonly #arrivals: number[] = []

  count(): void {
    this.#arrivals.push(performance.now())
  }

  perSecond(): number {
    const arrivals = this.#arrivals
    const now = performance.now()
    const expired = arrivals.findIndex((arrival) => arrival > now - WINDOW_MS)
    arrivals.splice(0, expired === -1 ? arrivals.length : expired)
    const [first, second] = arrivals
    return first === undefined || second === undefined ? 0 : ((arrivals.length - 1) * 1000) / (now - first)
  }
}
