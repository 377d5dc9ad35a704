import { existsSync } from 'node:fs'
import { capabilities } from '@memlane/core'
import { createQueue } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { describe, expect, it } from 'vitest'
import { diagnose } from '../src/index.js'

describe('a diagnosis', () => {
  it('tells the facts of the system, and the findings of all memory', () => {
    const name = uniqueName('diagnose')
    using queue = createQueue(name, u32, { capacity: 2 })
    queue.trySend(1)
    queue.trySend(2)
    const { system, memories, findings } = diagnose()
    expect(system).toMatchObject({ system: process.platform, runtime: expect.stringMatching(/^(node|bun|deno) \d/) })
    expect(existsSync(system.binary)).toBe(true)
    expect(memories.find((memory) => memory.name === name)?.shape).toBe('queue')
    expect(findings.filter((finding) => finding.name === name).map(({ code }) => code)).toEqual([
      'FULL_QUEUE',
      'NO_CONSUMERS',
    ])
    if (capabilities.objectPath('/x') !== undefined) {
      expect(system.folder).toMatchObject({ writable: true })
      expect(system.folder?.free).toBeLessThanOrEqual(system.folder?.size ?? 0)
    } else {
      expect(system.mayCreateGlobal).toBeTypeOf('boolean')
    }
    if (capabilities.tellsHolders) expect(system.limits.openFiles).toBeGreaterThan(0)
    expect(leftovers('memlane-doctor')).toEqual([])
    expect(() => diagnose({ process: true } as never)).toThrow(TypeError)
  })
})
