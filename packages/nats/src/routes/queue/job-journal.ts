/**
 * The jobs that a bridge has put into a local queue and not settled with JetStream, in a file that survives `kill -9`. It need not survive
 * the machine: the queue does not, either. Each line is a JSON array:
 *
 * | line | meaning |
 * |---|---|
 * | `["put", job]` | the job is about to be put into its slot |
 * | `["there", key]` | the job has been put there |
 * | `["alive", key, until, ack]` | JetStream keeps the job for this bridge until then |
 * | `["back", key]` | the bridge is about to take the job back: no worker has begun it |
 * | `["end", key, isDone]` | the job has left the bridge; `isDone`: a worker has done it |
 */

import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A job that JetStream has delivered, and where it lies in the local queue. */
export interface JournalEntry {
  /** The job's sequence in its stream and the time when it was stored there: two streams of one name never share both. */
  readonly key: string
  /** Where JetStream takes acknowledgements of the job. A redelivery has another subject. */
  ack: string
  /** JetStream gives the job to another bridge after this time, in milliseconds of the system's steady clock. */
  until: number
  /** The instance of the local queue. */
  readonly queue: string
  readonly producer: number
  readonly slot: number
  /** The slot's generation before the job was put there. */
  readonly generation: number
  /** Tells the job from others in its slot. */
  readonly sentAt: number
  /** How often workers of other machines had got the job. */
  readonly deliveries: number
  /** True if the job is known to have been put into its slot. */
  isThere?: boolean
  /** True if the bridge has begun to take the job back. */
  isBack?: boolean
}

const FILE = 'jobs.jsonl'
/** So many lines that say nothing any more make the file worth writing again. */
const MAX_STALE_LINES = 10_000
/** How many ended jobs the journal knows. A server that was killed may deliver jobs again that it had taken for done. */
const MAX_ENDED = 4096

export class JobJournal {
  readonly #path: string
  readonly #open = new Map<string, JournalEntry>()
  readonly #ended = new Set<string>()
  #file: number
  #lines = 0

  /**
   * Opens the journal of a route, or begins one.
   *
   * @throws Error if the file cannot be read or written
   */
  constructor(folder: string) {
    this.#path = join(folder, FILE)
    for (const line of linesOf(this.#path)) this.#apply(line)
    this.#file = this.#rewrite()
  }

  /** The jobs that are not settled. */
  get entries(): readonly JournalEntry[] {
    return [...this.#open.values()]
  }

  hasEnded(key: string): boolean {
    return this.#ended.has(key)
  }

  put(entry: JournalEntry): void {
    this.#open.set(entry.key, entry)
    this.#write(['put', entry])
  }

  there(key: string): void {
    this.#apply(['there', key])
    this.#write(['there', key])
  }

  alive({ key, until, ack }: JournalEntry): void {
    this.#write(['alive', key, until, ack])
  }

  back(key: string): void {
    this.#write(['back', key])
  }

  /** Forgets a job. @param isDone true if a worker has done it: then it is recognised if it comes again */
  end(key: string, isDone: boolean): void {
    this.#apply(['end', key, isDone])
    this.#write(['end', key, isDone])
  }

  close(): void {
    closeSync(this.#file)
  }

  #write(line: readonly unknown[]): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
    if (++this.#lines < MAX_STALE_LINES + this.#open.size) return
    closeSync(this.#file)
    this.#file = this.#rewrite()
  }

  #apply([what, first, ...rest]: readonly unknown[]): void {
    if (what === 'put') {
      const entry = first as JournalEntry
      this.#open.set(entry.key, entry)
      return
    }
    const key = first as string
    const entry = this.#open.get(key)
    if (what === 'end') {
      this.#open.delete(key)
      if (rest[0] === true) this.#ended.add(key)
      const [oldest] = this.#ended
      if (this.#ended.size > MAX_ENDED) this.#ended.delete(oldest as string)
    } else if (entry !== undefined && what === 'there') entry.isThere = true
    else if (entry !== undefined && what === 'back') entry.isBack = true
    else if (entry !== undefined && what === 'alive') {
      entry.until = rest[0] as number
      entry.ack = rest[1] as string
    }
  }

  /** Writes a new file, and puts it into the place of the old one. */
  #rewrite(): number {
    const lines = [...[...this.#ended].map((key) => ['end', key, true]), ...this.entries.map((entry) => ['put', entry])]
    const next = `${this.#path}.new`
    writeFileSync(next, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    renameSync(next, this.#path)
    this.#lines = 0
    return openSync(this.#path, 'a')
  }
}

/** The lines of the file. A line that a kill has cut short is left out. */
function linesOf(path: string): unknown[][] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line)
      return Array.isArray(parsed) ? [parsed] : []
    } catch {
      return []
    }
  })
}
