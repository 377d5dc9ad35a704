import { expect, test } from 'vitest'
import { spawnChild, spawnFixture, uniqueName } from '../src/index.js'

const echo = new URL('../fixtures/echo.child.ts', import.meta.url)

test('talks with a fixture and gives all it printed', async () => {
  using child = spawnFixture(echo, ['one', 'two'])
  await child.line('arguments one two')
  child.write('hello\n')
  expect(await child.line(/^read/)).toBe('read hello')
  expect(await child.line(/^arguments/)).toBe('arguments one two')
  child.end()
  expect(await child.exit).toEqual({
    code: 0,
    signal: null,
    stdout: 'arguments one two\nread hello\n',
    stderr: 'input ended\n',
  })
})

test('names the signal that ended a child', async () => {
  using child = spawnFixture(echo)
  await child.line(/^arguments/)
  child.kill('SIGKILL')
  expect(await child.exit).toMatchObject({ code: null, signal: 'SIGKILL' })
})

test('ends a child that hangs, and shows its command and its output', async () => {
  using child = spawnFixture(echo, ['hanging'], { timeoutMs: 3_000 })
  const line = child.line('never printed')
  line.catch(() => {})
  await expect(child.exit).rejects.toThrow(/echo\.child\.m?[jt]s hanging hung: .*3000 ms[\s\S]*arguments hanging/)
  await expect(line).rejects.toThrow(/no line "never printed" came: .*hung/)
})

test('says that a line did not come when the child has ended', async () => {
  using child = spawnChild(process.execPath, ['-e', 'process.stdout.write("last words"); process.exitCode = 3'])
  await expect(child.line('other words')).rejects.toThrow(/exit code 3[\s\S]*last words/)
  expect(await child.line('last words')).toBe('last words')
})

test('says which command could not be started', async () => {
  await expect(spawnChild('no-such-program-anywhere').exit).rejects.toThrow(
    /no-such-program-anywhere could not be started/,
  )
})

test('says which fixture is missing', () => {
  expect(() => spawnFixture(new URL('missing.child.ts', import.meta.url))).toThrow(
    /missing\.child\.ts, nor .*missing\.child\.mjs/,
  )
})

test('never gives the same name twice', () => {
  const names = new Set(Array.from({ length: 1_000 }, () => uniqueName('memlane')))
  expect(names.size).toBe(1_000)
})
