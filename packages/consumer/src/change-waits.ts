import type { LatestChannel, Participant, StreamWaitOptions, WaitCondition } from '@memlane/channel'
import { clearTimeout, setTimeout } from '@memlane/core/internal'
import type { WriterWatch } from './writer-watch.js'

/** One call that waits. */
interface Wait {
  readonly isThere: () => boolean
  /** Ends the wait. */
  readonly settle: (end: () => void) => void
  readonly resolve: (found: boolean) => void
  readonly reject: (reason: unknown) => void
}

/** The waits of one reader. A participant sleeps for one condition at a time, so it sleeps for all of these together. */
export class ChangeWaits {
  readonly #participant: Participant<LatestChannel>
  readonly #writer: WriterWatch
  readonly #waits = new Set<Wait>()
  readonly #condition: WaitCondition
  #isRunning = false

  constructor(participant: Participant<LatestChannel>, writer: WriterWatch) {
    this.#participant = participant
    this.#writer = writer
    this.#condition = {
      isThere: () => participant.closed || writer.hasEnded || this.#isAnyThere(),
      watchPeers: writer.watch,
    }
  }

  /**
   * Waits until `isThere`. Does not block the thread. Any number of waits at a time.
   *
   * @returns false if `timeoutMs` have passed, or if the writer has ended
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED` if the reader is closed meanwhile
   */
  wait(isThere: () => boolean, { signal, timeoutMs = Infinity }: StreamWaitOptions = {}): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#participant.checkOpen()
      signal?.throwIfAborted()
      let timer: NodeJS.Timeout | undefined
      const settle = (end: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waits.delete(wait)
        end()
        if (this.#waits.size === 0) this.#participant.waiter.stop() // at once: the caller may block next
      }
      const abort = () => settle(() => reject(signal?.reason))
      const expire = () => {
        settle(() => {
          try {
            resolve(isThere())
          } catch (error) {
            reject(error)
          }
        })
      }
      const wait: Wait = { isThere, settle, resolve, reject }
      signal?.addEventListener('abort', abort)
      // The bell keeps the process running, if anything does.
      if (timeoutMs !== Infinity) timer = setTimeout(expire, timeoutMs).unref()
      this.#waits.add(wait)
      if (this.#isRunning) this.#participant.waiter.wake()
      else void this.#run()
    })
  }

  /** Blocks this thread. */
  waitSync(isThere: () => boolean, timeoutMs?: number): boolean {
    this.#participant.checkOpen()
    this.#writer.begin()
    const isThereOrEnded = () => this.#participant.closed || this.#writer.hasEnded || isThere()
    this.#participant.waiter.waitSync({ isThere: isThereOrEnded, watchPeers: this.#writer.watch }, timeoutMs)
    this.#participant.checkOpen()
    return isThere()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      while (this.#waits.size > 0) {
        this.#writer.begin()
        await this.#participant.waiter.wait(this.#condition)
        this.#participant.checkOpen()
        const hasEnded = this.#writer.hasEnded
        for (const wait of [...this.#waits]) {
          const found = wait.isThere()
          if (hasEnded || found) wait.settle(() => wait.resolve(found))
        }
      }
    } catch (error) {
      for (const wait of [...this.#waits]) wait.settle(() => wait.reject(error))
    } finally {
      this.#isRunning = false
    }
  }

  #isAnyThere(): boolean {
    for (const wait of this.#waits) if (wait.isThere()) return true
    return false
  }
}
