// A process that writes or reads a latest until it is killed or must finish. latest-round.ts starts it, with a Task as JSON in its
// only argument. It reports only through the shared progress.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type LatestReader, openLatest } from '@memlane/consumer'
import { SharedMemoryError } from '@memlane/core'
import { createLatest, type LatestWriter } from '@memlane/producer'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { Command, Progress, STAGE, Stage } from './progress.js'
import { ValueCounter } from './value-counter.js'

interface Common {
  latest: string
  progress: string
  participant: number
  seed: number
}

export type LatestWriterTask = Common & { role: 'writer' }
export type LatestReaderTask = Common & {
  role: 'reader'
  wait: 'park' | 'adaptive' | 'spin'
  access: 'read' | 'readwrite'
}

const task: LatestWriterTask | LatestReaderTask = JSON.parse(process.argv[2] as string)
const progress = Progress.open(task.progress)
const counters = progress.counters(task.participant)
const random = randomFrom(task.seed)
const parent = process.ppid
Atomics.store(counters, STAGE, Stage.joining)

const isOver = () => progress.command === Command.finish || process.ppid !== parent

type Reader = LatestReader<typeof Numbered>

/** Each function reads until the round is over. */
const readings = {
  async changes(reader: Reader, counter: ValueCounter) {
    // An iteration that waits has nothing to finish.
    const timer = setInterval(() => isOver() && reader.close(), 5)
    for await (const { value, version, skipped } of reader.changes()) counter.change(value, version, skipped)
    clearInterval(timer)
  },
  async wait(reader: Reader, counter: ValueCounter) {
    while (!isOver()) {
      if (!(await reader.wait({ timeoutMs: 1000 }))) continue
      counter.add(reader.get())
    }
  },
  async waitSync(reader: Reader, counter: ValueCounter) {
    while (!isOver()) {
      if (!reader.waitSync({ timeoutMs: 1000 })) continue
      counter.add(reader.read((view) => ({ ...view })))
    }
  },
  async get(reader: Reader, counter: ValueCounter) {
    for (let count = 0; !isOver(); count++) {
      counter.add(count % 2 === 0 ? reader.get() : reader.read((view) => ({ ...view })))
      if (count % 1000 === 0) await setImmediate()
    }
  },
} as const

async function write({ latest, participant }: LatestWriterTask): Promise<void> {
  using writer = await takeOver(latest)
  const fresh = () => numbered(participant, writer.version, 0, writer.version + 1)
  const ways = {
    set: () => writer.set(fresh()),
    update: () => writer.update((view) => Object.assign(view, fresh())),
    fill: () => writer.fill((view) => Object.assign(view, fresh())),
  }
  const publish = (way: keyof typeof ways) => {
    ways[way]()
    Atomics.store(progress.lanes, 0, writer.version)
  }
  Atomics.store(counters, STAGE, Stage.joined)
  while (!isOver()) {
    const way = oneOf(random, ['set', 'update', 'fill'] as const)
    for (let count = random() * 200; count > 0; count--) publish(way)
    if (random() < 0.5) await setTimeout(random() * 3)
    else await setImmediate()
    if (progress.command !== Command.pause) continue
    publish('set')
    Atomics.store(counters, STAGE, Stage.paused)
    while (progress.command === Command.pause && process.ppid === parent) await setTimeout(1)
    Atomics.store(counters, STAGE, Stage.joined)
  }
}

/** The predecessor may just be dying. */
async function takeOver(latest: string): Promise<LatestWriter<typeof Numbered>> {
  for (;;) {
    try {
      return createLatest(latest, Numbered)
    } catch (error) {
      if (!(error instanceof SharedMemoryError && error.code === 'ALREADY_EXISTS')) throw error
      await setTimeout(1)
    }
  }
}

async function read({ latest, wait, access }: LatestReaderTask): Promise<void> {
  using reader = await openLatest(latest, Numbered, { waitStrategy: wait, access, endOn: 'never' })
  const counter = new ValueCounter(`reader ${task.participant}`, counters)
  Atomics.store(counters, STAGE, Stage.joined)
  const reading = oneOf(random, Object.keys(readings) as (keyof typeof readings)[])
  await readings[reading](reader, counter)
}

if (task.role === 'writer') await write(task)
else await read(task)
