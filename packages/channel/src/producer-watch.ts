import { type Doorbell, Lease } from '@memlane/core'
import type { LaneSet } from './lane-set.js'
import type { Participant } from './participant.js'
import type { StreamChannel } from './stream.js'

/** What ends a stream for one consumer. */
export type EndOn = 'died' | 'closed' | 'never'

/** A consumer's view of the producers that it reads from: watches for their deaths, and finds the end of the stream. */
export class ProducerWatch {
  readonly #participant: Participant<StreamChannel>
  readonly #lanes: LaneSet<unknown>
  readonly #endOn: EndOn

  constructor(participant: Participant<StreamChannel>, lanes: LaneSet<unknown>, endOn: EndOn) {
    this.#participant = participant
    this.#lanes = lanes
    this.#endOn = endOn
  }

  /** How many producers live and have not closed. Asks the kernel. */
  get count(): number {
    const { control, memory } = this.#participant.channel
    let count = 0
    for (let producer = 0; producer < control.producers.count; producer++) {
      if (control.stateOf(producer) === 'open' && Lease.isHeld(memory, control.producers.numberOf(producer))) count++
    }
    return count
  }

  /** As `WaitCondition.watchPeers`. If no producer is left and all messages are read, the stream ends here. */
  readonly watch = (bell: Doorbell | undefined): boolean => {
    const { control, memory } = this.#participant.channel
    const { openings } = control
    let living = false
    let died = false
    let used = false
    for (let producer = 0; producer < control.producers.count; producer++) {
      const state = control.stateOf(producer)
      if (state !== 'unused') used = true
      if (state !== 'open') continue
      const number = control.producers.numberOf(producer)
      // Watches all of them: one may die between its last message and the ring for it, while another lives and is silent.
      if (bell === undefined ? Lease.isHeld(memory, number) : bell.watch(number)) living = true
      else if (control.stateOf(producer) === 'open') died = true // else it closed meanwhile, before it released its lease
      if (living && bell === undefined) return false
    }
    if (!used && bell !== undefined) return this.#watchFirst(bell)
    if (living || !used || this.#endOn === 'never' || (died && this.#endOn === 'closed')) return false
    // A producer opened a slot that this loop had passed, before another producer ended: check again.
    if (control.openings !== openings) return bell !== undefined
    this.#lanes.takeUpLanes()
    if (!this.#lanes.hasMessage()) this.#lanes.endWith(died ? 'died' : 'closed')
    return true
  }

  /** No producer has opened a lane yet. A producer about to do so has rung already, and may die before it rings again. */
  #watchFirst(bell: Doorbell): boolean {
    const { control } = this.#participant.channel
    let used = false
    for (let producer = 0; producer < control.producers.count; producer++) {
      bell.watch(control.producers.numberOf(producer))
      if (control.stateOf(producer) !== 'unused') used = true
    }
    return used
  }
}
