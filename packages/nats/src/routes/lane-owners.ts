/**
 * Which lanes of local streams this bridge writes. A route out leaves such a lane alone, so a message that came from another machine never
 * goes back.
 */
export class LaneOwners {
  readonly #lanes = new Map<string, Set<number>>()

  /** @returns a function that ends it */
  claim(name: string, lane: number): () => void {
    const lanes = this.#lanes.get(name) ?? new Set()
    this.#lanes.set(name, lanes.add(lane))
    return () => lanes.delete(lane)
  }

  has(name: string, lane: number): boolean {
    return this.#lanes.get(name)?.has(lane) ?? false
  }
}
