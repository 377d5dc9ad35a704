const WINDOW_MS = 3000

/** Counts what comes in a second, over the last few seconds. */
export class MessageRate {
  readonly #arrivals: number[] = []

  count(): void {
    this.#arrivals.push(performance.now())
  }

  perSecond(): number {
    const arrivals = this.#arrivals
    const oldest = performance.now() - WINDOW_MS
    const expired = arrivals.findIndex((arrival) => arrival > oldest)
    arrivals.splice(0, expired === -1 ? arrivals.length : expired)
    const [first, last] = [arrivals[0], arrivals.at(-1)]
    return first === undefined || last === undefined || last === first
      ? 0
      : ((arrivals.length - 1) * 1000) / (last - first)
  }
}
