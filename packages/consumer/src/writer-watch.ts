import type { EndOn, LatestChannel, Participant } from '@memlane/channel'
import { type Doorbell, Lease } from '@memlane/core'

/** Whether the writer of a latest lives. `never`: it had no writer yet. */
export type WriterState = 'alive' | 'closed' | 'died' | 'never'

/** A reader's view of the writer: watches for its death, and tells when no more values will come. */
export class WriterWatch {
  readonly #participant: Participant<LatestChannel>
  readonly #endOn: EndOn
  readonly #number: number
  /** True if a wait has found the writer dead. */
  #foundDead = false

  constructor(participant: Participant<LatestChannel>, endOn: EndOn) {
    this.#participant = participant
    this.#endOn = endOn
    this.#number = participant.channel.control.writers.numberOf(0)
  }

  /** Asks the kernel. */
  get state(): WriterState {
    const { control } = this.#participant.channel
    const state = control.writerState
    if (state !== 'open') return state === 'closed' ? 'closed' : 'never'
    if (this.#isHeld()) return 'alive'
    return control.writerState === 'open' ? 'died' : 'closed' // it closed before it released its lease
  }

  /** True if no more values will come, as far as this reader cares. Does not ask the kernel. */
  get hasEnded(): boolean {
    return this.#foundDead || (this.#endOn !== 'never' && this.#participant.channel.control.writerState === 'closed')
  }

  /** Forgets that the writer was dead: there may be another one. */
  begin(): void {
    this.#foundDead = false
  }

  /** As `WaitCondition.watchPeers`. */
  readonly watch = (bell: Doorbell | undefined): boolean => {
    const { control } = this.#participant.channel
    const state = control.writerState
    if (state === 'closed') return this.hasEnded
    // A writer that is about to open the latest may die before it does.
    const lives = bell === undefined ? this.#isHeld() : bell.watch(this.#number)
    if (state === 'unused') return control.writerState !== 'unused'
    if (lives) return false
    if (control.writerState === 'closed') return this.hasEnded
    this.#foundDead = this.#endOn === 'died'
    return this.#foundDead
  }

  #isHeld(): boolean {
    return Lease.isHeld(this.#participant.channel.memory, this.#number)
  }
}
