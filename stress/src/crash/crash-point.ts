/**
 * The points where a victim can die: before and after each of its ordered stores. The stores are numbered from 1 in the order
 * in which the victim makes them.
 */
import { writeSync } from 'node:fs'

export interface CrashPoint {
  /** The number of the store; 0 for none. */
  readonly store: number
  readonly side: 'before' | 'after'
}

class CrashPoints {
  /** The last message of the current send. */
  intended = 0
  /** The last message that is published. */
  committed = 0
  /** Stores so far. */
  stores = 0
  /** Called after each store that the victim survives. */
  onStore: (name: string) => void = () => {}
  #fatal: CrashPoint = { store: 0, side: 'before' }

  arm(point: CrashPoint): void {
    this.#fatal = point
  }

  /** Makes a store, unless the process dies before it. */
  pass<Result>(name: string, store: () => Result, publishes: boolean): Result {
    this.stores++
    const { store: fatalStore, side } = this.#fatal
    if (this.stores === fatalStore && side === 'before') this.die(`before ${name}`)
    const result = store()
    if (publishes) this.committed = this.intended
    if (this.stores === fatalStore) this.die(`after ${name}`)
    this.onStore(name)
    return result
  }

  /** Ends the process without any cleanup: by SIGKILL, or by TerminateProcess on Windows. */
  die(where: string): never {
    writeSync(1, `died ${this.committed} ${where}\n`)
    for (;;) process.kill(process.pid, 'SIGKILL')
  }
}

export const crashPoints = new CrashPoints()
