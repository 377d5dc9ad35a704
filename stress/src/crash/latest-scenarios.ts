/** The scenarios of the roles in a latest: see scenarios.ts. The number of a value is its version. */
import { setTimeout } from 'node:timers/promises'
import { type LatestReader, openLatest } from '@memlane/consumer'
import { createLatest } from '@memlane/producer'
import { isWhole, Numbered, numbered } from './message.js'
import type { Outcome, ScenarioRun } from './scenario-run.js'
import { HUNG_MS, within } from './time-limit.js'

/** How many values a newcomer sets: each cell is used twice. */
const NEW = 8

type Reader = LatestReader<typeof Numbered>

const open = ({ name }: ScenarioRun, access: 'readwrite' | 'read' = 'readwrite') =>
  openLatest(name, Numbered, { endOn: 'never', waitStrategy: 'park', access, timeoutMs: HUNG_MS })

/** Checks that the value of this number is there, whole. */
function check(reader: Reader, number: number): void {
  for (const value of [reader.get(), reader.read((view) => ({ number: view.number, body: [...view.body] }))]) {
    if ((value?.number ?? 0) !== number) throw new Error(`the latest has value ${value?.number}, and not ${number}`)
    if (value !== undefined && !isWhole(value)) throw new Error(`value ${number} is torn`)
  }
  if (reader.version !== number) throw new Error(`the latest has version ${reader.version}, and not ${number}`)
}

/** A newcomer continues after the victim's last value, and wakes a reader that sleeps. */
async function carryOn(run: ScenarioRun, reader: Reader, committed: number): Promise<void> {
  const waiting = reader.wait({ since: committed })
  using newcomer = createLatest(run.name, Numbered)
  if (newcomer.version !== committed)
    throw new Error(`the newcomer finds version ${newcomer.version}, not ${committed}`)
  newcomer.set(numbered(0, committed + 1))
  await within('the first value of the newcomer', waiting)
  check(reader, committed + 1)
  for (let number = committed + 2; number <= committed + NEW; number++) newcomer.set(numbered(0, number))
  check(reader, committed + NEW)
  if (reader.writer !== 'alive') throw new Error(`the newcomer is ${reader.writer}`)
}

/** Waits until a value or an end comes: a victim's death must wake this reader. */
async function heardOf(run: ScenarioRun, since: number): Promise<() => Promise<void>> {
  const reader = run.keep(await openLatest(run.name, Numbered, { waitStrategy: 'park' }))
  const waiting = (async () => {
    for (let version = since; await reader.wait({ since: version }); ) version = reader.version
  })()
  return () => within('the end of the writer', waiting)
}

export const latestScenarios = {
  'latest-creator': async (run: ScenarioRun): Promise<Outcome> => {
    const opened = open(run)
    opened.catch(() => {}) // `within` gets the error
    let survivor: Reader | undefined
    const outcome = await run.crash('latest-creator', {}, async () => {
      survivor = run.keep(await within('the latest', opened))
    })
    if (survivor === undefined) {
      using newcomer = createLatest(run.name, Numbered)
      if (newcomer.version !== 0) throw new Error(`a new latest has version ${newcomer.version}`)
      survivor = run.keep(await within('the latest', opened))
    }
    check(survivor, outcome.committed)
    await carryOn(run, survivor, outcome.committed)
    return outcome
  },
  'latest-writer': async (run: ScenarioRun): Promise<Outcome> => {
    const first = run.keep(createLatest(run.name, Numbered))
    for (const number of [1, 2, 3]) first.set(numbered(0, number))
    const reader = run.keep(await open(run))
    const onlooker = run.keep(await open(run, 'read'))
    first.close()
    let ended = async () => {}
    const outcome = await run.crash('latest-writer', { first: 4 }, async (_, __) => {
      ended = await heardOf(run, reader.version)
      await setTimeout(20) // it sleeps
    })
    for (const each of [reader, onlooker]) check(each, outcome.committed)
    await ended()
    if (reader.writer === 'alive') throw new Error('a dead writer is said to be alive')
    await carryOn(run, reader, outcome.committed)
    check(onlooker, outcome.committed + NEW)
    return outcome
  },
  'latest-reader': async (run: ScenarioRun): Promise<Outcome> => {
    const writer = run.keep(createLatest(run.name, Numbered, { maxReaders: 2 }))
    const survivor = run.keep(await open(run))
    let number = 0
    const set = () => {
      number++
      writer.set(numbered(0, number))
    }
    set()
    const outcome = await run.crash('latest-reader', {}, set)
    for (let count = 0; count < NEW; count++) set()
    check(survivor, number)
    const newcomer = run.keep(await open(run))
    const waits = [survivor, newcomer].map((reader) => reader.wait({ since: number }))
    await setTimeout(5)
    set()
    await within('a value for the newcomer', Promise.all(waits))
    check(newcomer, number)
    return outcome
  },
}
