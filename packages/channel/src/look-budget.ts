const MAX_CREDIT = 16
/** The credit after looks that found nothing. Negative, so that several quick waits must follow before the next look. */
const MIN_CREDIT = -8

/** Decides whether to look at memory for a moment before sleeping: only while such looks are usually worth their time. */
export class LookBudget {
  #credit = MAX_CREDIT

  /** Whether the next wait should begin with a look. */
  get allowsLook(): boolean {
    return this.#credit > 0
  }

  /** A look found something, or would have: the wait ended quickly. */
  gain(): void {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + 1)
  }

  /** A look found nothing. */
  lose(): void {
    this.#credit = this.#credit > 1 ? this.#credit - 1 : MIN_CREDIT
  }
}
