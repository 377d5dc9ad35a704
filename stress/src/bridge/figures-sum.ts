type Counts = Record<string, number>
type Figures = Record<string, unknown>

/** Adds up the figures of the routes over all lives of a bridge. A killed bridge takes its last moments with it. */
export class FiguresSum {
  readonly #routes: Record<string, Counts> = {}
  readonly #logs: string[] = []
  #lives = 0
  #reconnects = 0

  /** @param line the last one that a bridge has printed */
  add(line: string, log: string): void {
    this.#logs.push(...log.split('\n').filter((text) => text !== ''))
    const { reconnects, routes } = JSON.parse(line) as { reconnects: number; routes: Record<string, Figures> }
    this.#lives++
    this.#reconnects += reconnects
    for (const [route, figures] of Object.entries(routes)) {
      const sum = this.#routes[route] ?? {}
      this.#routes[route] = sum
      for (const [name, count] of flat(figures)) sum[name] = (sum[name] ?? 0) + count
    }
  }

  /** What the bridge has logged in all lives. */
  get log(): readonly string[] {
    return this.#logs
  }

  toJSON(): object {
    return { lives: this.#lives, reconnects: this.#reconnects, routes: this.#routes }
  }
}

/** What a route counts, without what it has at the moment. */
function flat({ inFlight: _, lag: __, spillBytes: ___, error: ____, dropped, ...counts }: Figures) {
  return [...Object.entries(counts), ...Object.entries(dropped ?? {})].filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] !== 0,
  )
}
