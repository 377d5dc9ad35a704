import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import { failEverywhere } from '../src/faults.js'

/** One of so many faults and kills is tried here; `npm run stress -- faults` tries all. */
const STRIDE = 7

describe.skipIf(capabilities.namespace !== 'posix')(
  'a system call of the native code that fails, or is the last call before a kill',
  () => {
    it(`harms no other process and leaves no file: every ${STRIDE}th`, { timeout: 600_000 }, async () => {
      const reports = await failEverywhere(STRIDE)
      console.log(
        reports
          .map(({ scene, calls, faults, kills }) => `${scene}: ${faults} faults, ${kills} kills at ${calls} calls`)
          .join('\n'),
      )
      expect(reports.flatMap(({ scene, failures }) => failures.map((failure) => `${scene}, ${failure}`))).toEqual([])
      expect(reports.filter(({ passed, faults, kills }) => passed !== faults + kills || kills === 0)).toEqual([])
      expect(reports.length).toBeGreaterThan(30)
      const scenes = reports.map(({ scene }) => scene)
      expect(scenes).toEqual(expect.arrayContaining(['life', 'life-in-latest', 'life-in-queue']))
    })
  },
)
