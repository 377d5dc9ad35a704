import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { LaneOwners } from '../src/routes/lane-owners.js'
import { wideSequence } from '../src/routes/stream-out/outgoing-lane.js'
import { KeptRecord } from '../src/state/kept-record.js'

function lane(openings: number, sent: number) {
  return { instance: 'aa', lane: 0, openings, sent }
}

it('a bridge knows its own messages however many it sends', () => {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-owners-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const owners = new LaneOwners(join(folder, 'lanes'))
  onTestFinished(() => owners.close())
  owners.claim('x', lane(1, 100), () => 0)
  expect(owners.isOwn('aa', 0, 99)).toBe(false)
  for (let sequence = 100; sequence < 2 ** 34; sequence += 2 ** 29) expect(owners.isOwn('aa', 0, sequence)).toBe(true)
})

it('a bridge that claims a lane again and again keeps one range', () => {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-owners-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const owners = new LaneOwners(join(folder, 'lanes'))
  for (let count = 0; count < 10; count++) owners.claim('x', lane(count, count * 10), () => count * 10 + 10)()
  owners.claim('x', lane(20, 500), () => 510)() // after another producer
  owners.close()
  const kept = new KeptRecord<readonly unknown[]>(join(folder, 'lanes'))
  onTestFinished(() => kept.close())
  expect(kept.newest).toHaveLength(2)
  const again = new LaneOwners(join(folder, 'lanes'))
  onTestFinished(() => again.close())
  const own = [0, 99, 100, 499, 500, 509, 510].filter((sequence) => again.isOwn('aa', 0, sequence))
  expect(own).toEqual([0, 99, 500, 509])
})

it('the number of a message counts on however long the bridge was away', () => {
  expect(wideSequence(5, 2 ** 32 + 3, 1000)).toBe(2 ** 32 + 5)
  expect(wideSequence(-3, 2 ** 32 + 3, 1000)).toBe(2 ** 32 - 3) // JetStream has it
  const away = 2 ** 31 + 10
  expect(wideSequence((3 + away) | 0, 3, 1000)).toBe(3 + away)
})
