import { capabilities } from '@memlane/core'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.js'

/** Node.js under Wine can listen, and cannot connect. */
const canConnect = capabilities.namespace !== 'windows'

describe('ui', () => {
  it.runIf(canConnect)('prints the address of a page, and serves it until it is interrupted', async () => {
    const ending = new AbortController()
    let page: Promise<string> | undefined
    const { code, stdout, stderr } = await runCommand(['ui'], {
      signal: ending.signal,
      onOutput: (stdout) => {
        page ??= fetch(stdout.trim())
          .then((response) => response.text())
          .finally(() => ending.abort())
      },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(await page).toContain('<title>memlane</title>')
    await expect(fetch(stdout.trim())).rejects.toThrow()
  })

  it('refuses a port that is none', async () => {
    expect(await runCommand(['ui', '--port', '70000'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('65535'),
    })
  })
})
