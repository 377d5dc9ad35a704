import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { Lease, SharedMemory } from '@memlane/core'

/** The claim of a bridge to its state folder. The kernel ends it with the process, so a killed bridge leaves no lock behind. */
export class StateLock {
  readonly #memory: SharedMemory

  private constructor(memory: SharedMemory) {
    this.#memory = memory
  }

  /**
   * Claims a folder that exists, among the bridges of this user on this machine. Containers see each other's claims only if they share
   * `/dev/shm`.
   *
   * @throws Error naming the process that has the folder
   * @throws SharedMemoryError as `SharedMemory.createOrOpen`
   */
  static claim(folder: string): StateLock {
    const hash = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16)
    const memory = SharedMemory.createOrOpen(`memlane-bridge-${hash}`, 1)
    if (Lease.claim(memory, 0) !== undefined) return new StateLock(memory)
    const holder = Lease.holder(memory, 0)
    memory.close()
    const owner = holder === undefined ? 'Another bridge' : `The bridge of process ${holder}`
    const message = `${owner} uses the state folder ${folder}. Stop it, or give each bridge a folder of its own.`
    throw Object.assign(new Error(message), { code: 'STATE_FOLDER_IN_USE' })
  }

  release(): void {
    this.#memory.close()
  }
}
