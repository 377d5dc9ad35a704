import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A folder where memlane's packages are installed, but not the library of MessagePack. */
let folder = ''
const run = (source: string) =>
  spawnSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: folder, encoding: 'utf8' })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memlane-'))
  const installed = dirname(dirname(fileURLToPath(import.meta.resolve('@memlane/protocol'))))
  const copy = join(folder, 'node_modules', '@memlane', 'protocol')
  cpSync(join(installed, 'dist'), join(copy, 'dist'), { recursive: true })
  cpSync(join(installed, 'package.json'), join(copy, 'package.json'))
  const leven = dirname(createRequire(join(installed, 'package.json')).resolve('leven'))
  cpSync(leven, join(copy, 'node_modules', 'leven'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{}')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('without @msgpack/msgpack', () => {
  it('messages of other kinds work, and nothing is printed', () => {
    const { status, stdout, stderr } = run(
      "import { payload } from '@memlane/protocol'; console.log(payload.utf8.measure('abc'))",
    )
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '3\n', stderr: '' })
  })

  it('the entry of MessagePack names the package to install', () => {
    const { status, stderr } = run("import '@memlane/protocol/messagepack'")
    expect(status).toBe(1)
    expect(stderr).toMatch(/Cannot find package '@msgpack\/msgpack' imported from .*protocol/)
  })
})
