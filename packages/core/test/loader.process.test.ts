import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const packageRoot = fileURLToPath(new URL('..', import.meta.url))
const target = `${process.platform}-${process.arch}`

describe('the loader', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(packageRoot, 'build-')) // inside the package: its dependencies are found from there
    cpSync(join(packageRoot, 'dist'), join(copy, 'dist'), { recursive: true })
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }')
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  async function load() {
    const script = `import(${JSON.stringify(pathToFileURL(join(copy, 'dist', 'index.js')).href)}).then(
      () => console.log('loaded'),
      (error) => console.log(error.code + ' ' + error.message))`
    const { stdout } = await spawnChild(process.execPath, ['-e', script]).exit
    return stdout
  }

  it('says where it looked and what to do if there is no addon', async () => {
    const said = await load()
    expect(said).toMatch(/^NOT_SUPPORTED No native addon of @memlane\/core for /)
    expect(said).toContain(`there is no ${join(copy, 'prebuilds', target)}`)
    expect(said).toContain(`npx node-gyp rebuild --directory "${copy}" (needs Python 3 and a C++17 compiler`)
    expect(said).toContain('Visual Studio Build Tools')
  })

  it('says that a file that is no addon could not be loaded', async () => {
    mkdirSync(join(copy, 'prebuilds', target), { recursive: true })
    writeFileSync(join(copy, 'prebuilds', target, 'memlane.node'), 'not an addon')
    const said = await load()
    expect(said).toMatch(/^NOT_SUPPORTED/)
    expect(said).toContain('could not be loaded')
  })

  it('loads the addon that is there', async () => {
    cpSync(join(packageRoot, 'prebuilds'), join(copy, 'prebuilds'), { recursive: true })
    expect((await load()).trim()).toBe('loaded')
  })
})
