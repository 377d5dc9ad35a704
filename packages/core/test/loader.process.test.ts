import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const packageRoot = fileURLToPath(new URL('..', import.meta.url))
const libc = existsSync('/etc/alpine-release') ? '.musl' : ''
const target = `${process.platform}-${process.arch}${libc}`
const PATH_VARIABLE = 'MEMLANE_NATIVE_PATH'
const ownAddon = process.env[PATH_VARIABLE] ?? join(packageRoot, 'prebuilds', target, 'memlane.node')

describe('the loader', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(packageRoot, 'build-')) // inside the package: its dependencies are found from there
    cpSync(join(packageRoot, 'dist'), join(copy, 'dist'), { recursive: true })
    cpSync(join(packageRoot, 'package.json'), join(copy, 'package.json'))
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  async function load(file = join(copy, 'dist', 'index.js'), env = {}) {
    const script = `import(${JSON.stringify(pathToFileURL(file).href)}).then(
      () => console.log('loaded'),
      (error) => console.log(error.code + ' ' + error.message))`
    const { stdout } = await spawnChild(process.execPath, ['-e', script], {
      env: { [PATH_VARIABLE]: undefined, ...env },
    }).exit
    return stdout.trim()
  }

  it('says where it looked and what to do if there is no addon', async () => {
    const said = await load()
    expect(said).toMatch(/^NOT_SUPPORTED Found no native addon of @memlane\/core for /)
    expect(said).toContain(`${join(copy, 'prebuilds', target, 'memlane.node')}: not found`)
    expect(said).toContain(
      `npx node-gyp rebuild --directory "${join(copy, 'native')}" (needs Python 3 and a C++17 compiler`,
    )
    expect(said).toContain('Visual Studio Build Tools')
  })

  it('says that it needs a 64-bit runtime', async () => {
    const preload = join(copy, 'short.cjs')
    writeFileSync(preload, "Object.defineProperty(process, 'arch', { value: 'ia32' })")
    const said = await load(undefined, { NODE_OPTIONS: `--require ${JSON.stringify(preload)}` })
    expect(said).toBe(`NOT_SUPPORTED memlane needs a 64-bit runtime; this one is for ${process.platform}-ia32`)
  })

  it('says that a file that is no addon could not be loaded', async () => {
    const file = join(copy, 'prebuilds', target, 'memlane.node')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, 'not an addon')
    const said = await load()
    expect(said).toMatch(/^NOT_SUPPORTED/)
    expect(said).not.toContain(`${file}: not found`)
    expect(said).toContain(`${file}: `)
  })

  it('loads the addon of the package', async () => {
    cpSync(dirname(ownAddon), join(copy, 'prebuilds', target), { recursive: true })
    expect(await load()).toBe('loaded')
  })

  it.each([
    ['', 'memlane.node'],
    [' in a folder prebuilds', join('prebuilds', target, 'memlane.node')],
  ])('loads the addon beside a bundle%s', async (_, place) => {
    cpSync(join(copy, 'dist'), join(copy, 'app', 'out'), { recursive: true })
    cpSync(ownAddon, join(copy, 'app', 'out', place), { recursive: true })
    expect(await load(join(copy, 'app', 'out', 'index.js'))).toBe('loaded')
  })

  it('loads nothing from the folder above a bundle, and says where it looked', async () => {
    const bundle = join(copy, 'app', 'out', 'index.js')
    cpSync(join(copy, 'dist'), dirname(bundle), { recursive: true })
    cpSync(ownAddon, join(copy, 'app', 'prebuilds', target, 'memlane.node'), { recursive: true })
    const said = await load(bundle)
    expect(said).toMatch(/^NOT_SUPPORTED/)
    for (const folder of [join('prebuilds', target), ''])
      expect(said).toContain(`${join(dirname(bundle), folder, 'memlane.node')}: not found`)
    expect(said).not.toContain(join(copy, 'app', 'prebuilds'))
    expect(said).toContain('Copy the folder prebuilds of @memlane/core beside the bundle')
  })

  it('loads the addon that the environment names, and then no other', async () => {
    cpSync(ownAddon, join(copy, 'elsewhere.node'))
    expect(await load(undefined, { [PATH_VARIABLE]: join(copy, 'elsewhere.node') })).toBe('loaded')
    cpSync(dirname(ownAddon), join(copy, 'prebuilds', target), { recursive: true })
    const missing = join(copy, 'missing.node')
    const said = await load(undefined, { [PATH_VARIABLE]: missing })
    expect(said).toContain(`${missing}: not found`)
    expect(said).not.toContain(join(copy, 'prebuilds'))
  })
})
