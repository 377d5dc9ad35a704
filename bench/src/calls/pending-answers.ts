/** The calls that wait for an answer, by number. For peers that carry messages but know no calls. */
export class PendingAnswers<Answer> {
  readonly #settle = new Map<number, (answer: Answer) => void>()
  #count = 0

  /** Gives a call its number, and returns what settles with its answer. */
  begin(send: (id: number) => unknown): Promise<Answer> {
    return new Promise((resolve) => {
      const id = ++this.#count
      this.#settle.set(id, resolve)
      send(id)
    })
  }

  settle(id: number, answer: Answer): void {
    const settle = this.#settle.get(id)
    if (settle === undefined) throw new Error(`an answer to call ${id}, which does not wait`)
    this.#settle.delete(id)
    settle(answer)
  }
}
