import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import * as atomics from '../../packages/protocol/src/memory/atomics.js'
import * as counted from '../src/crash/counted-atomics.js'
import { crashEverywhere, rolesOf, SHAPES } from '../src/crash.js'

/**
 * One of so many deaths is tried here; `npm run stress -- crash` tries all. The numbers are odd, so that deaths before and after a
 * store are tried. Under Wine a process takes a second or two to start.
 */
const STRIDES = { stream: 11, latest: 1, queue: 1, call: 1, region: 11 }
const strideOf = (shape: keyof typeof STRIDES) => (capabilities.namespace === 'windows' ? 33 : STRIDES[shape])

describe('the crash points', () => {
  it('are all functions of the one module that store', () => {
    expect(Object.keys(counted).sort()).toEqual(Object.keys(atomics).sort())
    const others: Record<string, unknown> = { ...counted }
    const uncounted = Object.entries(atomics).filter(([name, access]) => others[name] === access)
    expect(uncounted.filter(([name]) => !/^load|^wordsOf$/.test(name))).toEqual([])
  })
})

describe.each(SHAPES)('a death at a crash point of a %s', (shape) => {
  const stride = strideOf(shape)

  it(`loses and tears no message, hangs no process and leaves no file: one of ${stride}`, {
    timeout: 600_000,
  }, async () => {
    const reports = await crashEverywhere(rolesOf(shape), stride)
    console.log(reports.map(({ role, points, deaths }) => `${role}: ${deaths} deaths at ${points} stores`).join('\n'))
    expect(reports.flatMap(({ role, failures }) => failures.map((failure) => `${role}, ${failure}`))).toEqual([])
    expect(reports.filter(({ passed, deaths }) => passed !== deaths || deaths === 0)).toEqual([])
  })
})
