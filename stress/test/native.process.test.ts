import { fileURLToPath } from 'node:url'
import { capabilities } from '@memlane/core'
import { spawnChild } from '@memlane/testing'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/native-checks.mjs', import.meta.url))
const WATCHDOG_MS = 280_000

describe.skipIf(capabilities.namespace === 'windows')('the native code', () => {
  it('passes its own tests under AddressSanitizer and UndefinedBehaviorSanitizer', { timeout: 300_000 }, async () => {
    const child = spawnChild(process.execPath, [script, 'asan', '--gcc'], { timeoutMs: WATCHDOG_MS, group: true })
    const { code, signal, stdout, stderr } = await child.exit
    expect({ code, signal }, stderr).toEqual({ code: 0, signal: null })
    expect(stdout).toMatch(/^[1-9]\d* native tests passed$/m)
  })
})
