import { LayoutError } from '../layout/layout-error.js'
import { setBits, storeOwned } from '../memory/atomics.js'
import type { StreamControl } from './stream-control.js'
import { BASE, CONSUMER_READY, LIVE_INDEX, POSITIONS } from './stream-layout.js'

/** A limit that a correct producer never reaches: it moves its base once or twice before it sees a joining consumer. */
const MAX_LOOKS = 1000

/** Writes a consumer's part of the control part. Make one only while holding the consumer's lease. */
export class ConsumerSlot {
  readonly consumer: number
  private readonly control: StreamControl
  private readonly positionsIndex: number

  constructor(control: StreamControl, consumer: number) {
    this.control = control
    this.consumer = consumer
    this.positionsIndex = control.consumers.slotIndex(consumer) + POSITIONS
    control.evict(consumer) // a predecessor that died
  }

  /**
   * Becomes live. The consumer begins in every lane at the oldest record that is still there. From now on, producers wait for it.
   *
   * @throws LayoutError `CORRUPT` if a base keeps changing; then the consumer is not live
   */
  join(): void {
    const { control, positionsIndex } = this
    const { words, producers } = control
    for (let producer = 0; producer < producers.count; producer++) {
      storeOwned(words, positionsIndex + producer, control.baseOf(producer))
    }
    setBits(words, LIVE_INDEX, 1 << this.consumer)
    for (let producer = 0; producer < producers.count; producer++) {
      if (this.hold(producer)) continue
      this.leave()
      const offset = (producers.slotIndex(producer) + BASE) * 4
      throw new LayoutError('CORRUPT', offset, `the base at offset ${offset} keeps changing`)
    }
  }

  /** Stores the base of a lane as this consumer's position, and repeats that until the base has not changed meanwhile. */
  private hold(producer: number): boolean {
    const { control, positionsIndex } = this
    let held = control.baseOf(producer)
    for (let look = 0; look < MAX_LOOKS; look++) {
      storeOwned(control.words, positionsIndex + producer, held)
      const seen = control.baseOf(producer)
      if (seen === held) return true
      held = seen
    }
    return false
  }

  /** Announces that the consumer has chosen where to begin in every lane. */
  announceReady(): void {
    const { words, consumers } = this.control
    storeOwned(words, consumers.slotIndex(this.consumer) + CONSUMER_READY, 1)
  }

  /** Releases the room of all records before a position in a lane. */
  release(producer: number, position: number): void {
    this.control.storeRelease(this.control.words, this.positionsIndex + producer, position)
  }

  leave(): void {
    this.control.evict(this.consumer)
  }
}
