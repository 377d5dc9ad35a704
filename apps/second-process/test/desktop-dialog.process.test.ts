import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { type Child, spawnChild, uniqueName } from '@memlane/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const message = 'Two\nlines, C:\\new and ß'
const name = uniqueName('dialog')

let memory: SharedMemory
let folder: string

beforeAll(() => {
  memory = SharedMemory.create(name, 256)
  memory.bytes.set(Buffer.from(message, 'utf16le'))
  folder = mkdtempSync(path.join(tmpdir(), 'memlane-dialog-'))
})

afterAll(() => {
  memory.close()
  rmSync(folder, { recursive: true })
})

/** Starts the second process with a PATH that has only the programs of the folder. */
function showDialog(environment: Record<string, string | undefined>): Child {
  const env = { WAYLAND_DISPLAY: undefined, PATH: folder, ...environment }
  return spawnChild(process.execPath, [program, '--name', name, '--show', 'dialog'], { env })
}

/** Puts a dialog program into the folder that records its arguments and its input, complains, and ends with a code. */
function pretend(command: string, { complaint = '', code = 0 } = {}): { recorded(): string[]; remove(): void } {
  const file = path.join(folder, command)
  const record = `${file}.record`
  writeFileSync(
    file,
    `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs')
writeFileSync(${JSON.stringify(record)}, JSON.stringify([...process.argv.slice(2), readFileSync(0, 'utf8')]))
process.stderr.write(${JSON.stringify(complaint)})
process.exitCode = ${code}
`,
  )
  chmodSync(file, 0o755)
  return { recorded: () => JSON.parse(readFileSync(record, 'utf8')), remove: () => rmSync(file) }
}

describe.skipIf(capabilities.namespace === 'windows')('--show dialog', () => {
  const escaped = 'Two\nlines, C:\\\\new and ß'

  test.each([
    ['zenity', ['--info', '--title=Process2', '--no-markup', `--text=${escaped}`, '']],
    ['kdialog', ['--title', 'Process2', '--msgbox', escaped, '']],
    ['xmessage', ['-title', 'Process2', '-center', '-default', 'okay', '-file', '-', message]],
  ])('hands the message to %s', async (command, expected) => {
    const dialog = pretend(command)
    using child = showDialog({ DISPLAY: ':7' })
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    expect(dialog.recorded()).toEqual(expected)
    dialog.remove()
  })

  test('counts the message as read if the window is closed without its button', async () => {
    const dialog = pretend('zenity', { code: 1, complaint: 'Gtk-Message: no module' })
    using child = showDialog({ DISPLAY: ':7' })
    expect(await child.exit).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    dialog.remove()
  })

  test('reports that the dialog program finds no display', async () => {
    const dialog = pretend('zenity', { code: 1, complaint: 'cannot open display: :7' })
    using child = showDialog({ DISPLAY: ':7' })
    expect(await child.exit).toMatchObject({
      code: 1,
      signal: null,
      stderr: 'Could not show the message.\nzenity ended with exit code 1: cannot open display: :7\n',
    })
    dialog.remove()
  })

  test('reports that there is no desktop', async () => {
    using child = showDialog({ DISPLAY: undefined })
    const { code, signal, stderr } = await child.exit
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toMatch(/^Could not show the message\.\n.*no desktop.*--show terminal\.\n$/)
  })

  test('reports that there is no dialog program', async () => {
    using child = showDialog({ DISPLAY: ':7' })
    const { code, signal, stderr } = await child.exit
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toMatch(/^Could not show the message\.\n.*zenity, kdialog, xmessage.*--show terminal\.\n$/)
  })

  const desktop = ['Xvfb', 'xdotool', 'xmessage'].every((command) => spawnSync('which', [command]).status === 0)
  test.runIf(desktop)('opens a real window titled Process2, and ends when its button is pressed', async () => {
    using screen = spawnChild('Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24', '-nolisten', 'tcp'])
    const env = { DISPLAY: `:${await screen.line(/^\d+$/)}`, PATH: process.env.PATH }
    using child = showDialog(env)
    using search = spawnChild('xdotool', ['search', '--sync', '--name', '^Process2$'], { env })
    const window = await search.line(/^\d+$/)
    expect(child.stdout).toBe('')
    for (const action of [
      ['mousemove', '--window', window, '20', '20'],
      ['key', 'Return'],
    ]) {
      using step = spawnChild('xdotool', action, { env })
      expect(await step.exit).toMatchObject({ code: 0 })
    }
    expect(await child.exit).toMatchObject({ code: 0, signal: null, stdout: '', stderr: '' })
  })
})
