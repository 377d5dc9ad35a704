import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'

const results = ['adaptive', 'park', 'spin'].map((strategy) => `${strategy} undefined undefined 7 TIMED_OUT false\n`)

it.each([
  ['before', 'replaceGlobals'],
  ['after', 'replaceGlobals'],
  ['after', 'stopClock'],
])('streams wait and time out with a clock that stands still: installed %s loading, %s', async (when, how) => {
  const fixture = new URL('../fixtures/fake-timers.child.ts', import.meta.url)
  using child = spawnFixture(fixture, [uniqueName('fakes'), when, how])
  expect(await child.exit).toEqual({ code: 0, signal: null, stderr: '', stdout: results.join('') })
})
