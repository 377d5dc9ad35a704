import { expect, it } from 'vitest'
import { RETRY_LIMIT_MS, Retries } from '../src/retries.js'

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

it('a reader that waits for a CPU in each of its attempts gets more of them', () => {
  const retries = new Retries()
  expect([retries.next(), retries.next()]).toEqual([true, true])
  sleep(RETRY_LIMIT_MS + 5)
  let attempts = 2
  while (retries.next()) attempts++
  expect(attempts).toBe(100)
})

it('a reader that is overtaken again and again gives up', () => {
  const retries = new Retries()
  let attempts = 0
  while (retries.next()) attempts++
  expect(attempts).toBeGreaterThanOrEqual(100)
})
