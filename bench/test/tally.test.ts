import { expect, test } from 'vitest'
import { BEGIN, END } from '../src/roles/content.js'
import { Tally } from '../src/roles/tally.js'

test('counts the messages between the last BEGIN and the first END', () => {
  const tally = new Tally(2)
  const take = (producer: number, ...sequences: number[]) => {
    for (const sequence of sequences) tally.take(producer, sequence)
  }
  take(0, 0, 1, BEGIN, 2)
  take(1, 0, BEGIN, 1, 2)
  take(0, 3, 4, END)
  take(1, 3)
  expect(tally.ended).toBe(false)
  take(1, END)
  expect(tally.ended).toBe(true)
  expect(tally.report.messages).toBe(4)
})

test('counts lost messages if messages may be lost', () => {
  const tally = new Tally(1, true)
  for (const sequence of [0, 3, BEGIN, 4, 6, END]) tally.take(0, sequence)
  expect(tally.report).toMatchObject({ messages: 2, lost: 3 })
})

test.each([
  ['lost', 2],
  ['doubled', 0],
])('refuses a message that was %s', (_, sequence) => {
  const tally = new Tally(1)
  tally.take(0, 0)
  expect(() => tally.take(0, sequence)).toThrow(`message ${sequence} of producer 0 came in place of 1`)
})
