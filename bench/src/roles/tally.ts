import type { RoleReport } from '../trial.js'
import { BEGIN, END } from './content.js'
import { Stopwatch } from './stopwatch.js'

/** Checks the order of each producer's messages, and measures from the last BEGIN to the first END. */
export class Tally {
  /** True once every producer has sent END. */
  ended = false
  /** The figures from the last BEGIN to the first END. Valid once `ended` is true. */
  report: RoleReport = { messages: 0, seconds: 0, processorNs: 0 }
  private readonly next: number[]
  private readonly mayLose: boolean
  private lost = 0
  private begins = 0
  private ends = 0
  private receivedBefore = 0
  private stopwatch = new Stopwatch()

  /** @param mayLose true if messages may be missing; then they are counted */
  constructor(producers: number, mayLose = false) {
    this.mayLose = mayLose
    this.next = new Array<number>(producers).fill(0)
  }

  /** True once every producer has sent BEGIN. */
  get begun(): boolean {
    return this.begins === this.next.length
  }

  take(producer: number, sequence: number): void {
    if (sequence === this.next[producer]) this.next[producer] = sequence + 1
    else this.takeMark(producer, sequence)
  }

  private takeMark(producer: number, sequence: number): void {
    if (sequence === BEGIN) {
      this.begins++
      if (!this.begun) return
      this.receivedBefore = this.received()
      this.stopwatch = new Stopwatch()
    } else if (sequence === END) {
      if (this.mayLose && !this.begun) throw new Error('BEGIN was lost')
      if (this.ends++ === 0) {
        this.report = this.stopwatch.stop(this.received() - this.receivedBefore)
        if (this.mayLose) this.report = { ...this.report, lost: this.lost }
      }
      this.ended = this.ends === this.next.length
    } else if (this.mayLose && sequence > (this.next[producer] as number)) {
      this.lost += sequence - (this.next[producer] as number)
      this.next[producer] = sequence + 1
    } else {
      throw new Error(`message ${sequence} of producer ${producer} came in place of ${this.next[producer]}`)
    }
  }

  private received(): number {
    return this.next.reduce((sum, count) => sum + count, -this.lost)
  }
}
