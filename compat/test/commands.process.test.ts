import { fileURLToPath } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
/** The commands that read options themselves, each with one of its options. */
const commands = {
  'scripts/runtimes/test.mjs': '--runtime',
  'compat/install/main.mjs': '--cells',
  'packages/core/scripts/prebuild.mjs': '--twice',
  'scripts/release.mjs': '--dry-run',
  'model/check.mjs': '--long',
}

async function runCommand(program: string, argument: string) {
  using child = spawnChild(process.execPath, [fileURLToPath(new URL(program, root)), argument])
  const { code, stdout, stderr } = await child.exit
  return { code, stdout, stderr: stderr.trimEnd().split('\n') }
}

describe.each(Object.entries(commands))('%s', (program, option) => {
  const run = (argument: string) => runCommand(program, argument)

  it('refuses an unknown option in one line, which shows the known ones', async () => {
    const line = expect.stringMatching(`^Unknown option '--bogus'.*\\${option}`)
    expect(await run('--bogus')).toEqual({ code: 2, stdout: '', stderr: [line] })
  })

  it('shows its options on --help', async () => {
    expect(await run('--help')).toEqual({ code: 0, stdout: expect.stringContaining(option), stderr: [''] })
  })
})

it('model/check.mjs refuses an unknown model in one line, which shows the known ones', async () => {
  const line = expect.stringMatching(/^There is no model 'bogus'.*doorbell.*queue/)
  expect(await runCommand('model/check.mjs', 'bogus')).toEqual({ code: 2, stdout: '', stderr: [line] })
})
