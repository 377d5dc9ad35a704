import { setTimeout } from 'node:timers/promises'
import { openQueue, type QueueReader } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createQueue, joinQueue, type QueueWriter } from '@memlane/producer'
import { isWhole, Numbered, numbered } from './message.js'
import { QUEUE_CAPACITY, queueOptions, SENT } from './queue-roles.js'
import type { Outcome, ScenarioRun } from './scenario-run.js'
import { HUNG_MS, within } from './time-limit.js'

type Scenario = (run: ScenarioRun) => Promise<Outcome>

/** A consumer that survives: takes messages when it is told to, and remembers their numbers. */
class Survivor implements Disposable {
  readonly numbers: number[] = []
  readonly #reader: QueueReader<typeof Numbered>

  constructor(reader: QueueReader<typeof Numbered>) {
    this.#reader = reader
  }

  static async open(run: ScenarioRun): Promise<Survivor> {
    const reader = await openQueue(run.name, Numbered, { waitStrategy: 'park', timeoutMs: HUNG_MS })
    return run.keep(new Survivor(reader))
  }

  /** Takes all messages, and waits until the queue holds none. */
  async drain(): Promise<void> {
    for (const start = performance.now(); ; ) {
      for (const letter of this.#reader.deadLetters()) {
        this.#add(letter.value)
        letter.discard()
      }
      const delivery = await this.#reader.take({ timeoutMs: 20 })
      if (delivery !== undefined) {
        this.#add(delivery.value)
        delivery.ack()
        continue
      }
      const { ready, taken, delayed, dead } = this.#reader.stats()
      if (ready + taken + delayed + dead === 0) return
      if (performance.now() - start > HUNG_MS) throw new Error(`hung: ${JSON.stringify(this.#reader.stats())}`)
    }
  }

  /** @throws Error unless exactly the messages from `first` to `last` have come, each once */
  check(first: number, last: number): void {
    const wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    const got = [...this.numbers].sort((a, b) => a - b)
    if (got.join() !== wanted.join()) throw new Error(`got ${this.numbers.join()}, and not ${first} to ${last}`)
  }

  #add(message: { number: number; body: Iterable<number> }): void {
    if (!isWhole(message)) throw new Error(`message ${message.number} is torn`)
    this.numbers.push(message.number)
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]()
  }
}

async function send(writer: QueueWriter<typeof Numbered>, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) await writer.send(numbered(0, number), { timeoutMs: HUNG_MS })
}

/** A newcomer fills all slots of the victim's place: none may be lost. */
async function fillAgain(run: ScenarioRun, survivor: Survivor, committed: number, first = 1): Promise<void> {
  using newcomer = await joinQueue(run.name, Numbered, { timeoutMs: HUNG_MS })
  const last = committed + QUEUE_CAPACITY
  for (let number = committed + 1; number <= last; number++) {
    if (!newcomer.trySend(numbered(0, number)))
      throw new Error(`a slot is lost: only ${number - committed - 1} are free`)
  }
  await survivor.drain()
  await within('the flush', newcomer.flush())
  survivor.check(first, last)
}

const consuming =
  (role: 'queue-consumer' | 'queue-waiting-consumer' | 'queue-recoverer' | 'queue-watcher', before: number): Scenario =>
  async (run) => {
    const writer = run.keep(createQueue(run.name, Numbered, queueOptions))
    let sent = 0
    const sendMore = async (count: number) => {
      await send(writer, sent + 1, sent + count)
      sent += count
    }
    await sendMore(before)
    const survivor = await Survivor.open(run)
    if (role === 'queue-recoverer') await run.crashBefore('queue-dead-consumer')
    const outcome = await run.crash(role, { first: 1 }, async (word, number) => {
      if (word === 'dead') await run.crashBefore('queue-dead-consumer')
      else await sendMore(number)
    })
    if (outcome.died) await setTimeout(5)
    await survivor.drain()
    await within('the flush', writer.flush())
    const first = outcome.committed + 1
    survivor.check(first, sent)
    const newcomer = await Survivor.open(run)
    const another = await Survivor.open(run)
    await sendMore(QUEUE_CAPACITY)
    await newcomer.drain()
    newcomer.check(sent - QUEUE_CAPACITY + 1, sent)
    another.check(1, 0)
    return outcome
  }

export const queueScenarios = {
  'queue-creator': async (run) => {
    const opened = Survivor.open(run)
    opened.catch(() => {}) // `within` gets the error
    const outcome = await run.crash('queue-creator', {}, async (word) => {
      const survivor = await within('the queue', opened)
      if (word === 'drain') await survivor.drain()
    })
    const newcomer = createQueue(run.name, Numbered, { ...queueOptions, existing: 'join' })
    const survivor = await within('the queue', opened)
    newcomer.close()
    await survivor.drain()
    survivor.check(1, outcome.committed)
    await fillAgain(run, survivor, outcome.committed)
    return outcome
  },
  'queue-producer': async (run) => {
    run.keep(createQueue(run.name, Numbered, queueOptions))
    const survivor = await Survivor.open(run)
    const outcome = await run.crash('queue-producer', {}, () => survivor.drain())
    await survivor.drain()
    survivor.check(1, outcome.committed)
    await fillAgain(run, survivor, outcome.committed)
    return outcome
  },
  'queue-waiting-producer': async (run) => {
    run.keep(createQueue(run.name, Numbered, queueOptions))
    const survivor = await Survivor.open(run)
    const outcome = await run.crash('queue-waiting-producer', {}, () => survivor.drain())
    await survivor.drain()
    survivor.check(1, outcome.committed)
    await fillAgain(run, survivor, outcome.committed)
    return outcome
  },
  'queue-recaller': async (run) => {
    run.keep(createQueue(run.name, Numbered, queueOptions))
    const survivor = await Survivor.open(run)
    const outcome = await run.crash('queue-recaller')
    await survivor.drain()
    const sent = Math.min(outcome.committed, SENT)
    const first = 1 + outcome.committed - sent
    survivor.check(first, sent)
    await fillAgain(run, survivor, sent, first)
    return outcome
  },
  'queue-consumer': consuming('queue-consumer', QUEUE_CAPACITY),
  'queue-waiting-consumer': consuming('queue-waiting-consumer', 0),
  'queue-recoverer': consuming('queue-recoverer', 4),
  'queue-watcher': consuming('queue-watcher', 2),
  'queue-loner': async (run) => {
    const outcome = await run.crash('queue-loner')
    SharedMemory.list()
    run.checkNothingLeft()
    run.keep(createQueue(run.name, Numbered, queueOptions))
    const survivor = await Survivor.open(run)
    await fillAgain(run, survivor, 0)
    return outcome
  },
} satisfies Record<string, Scenario>
