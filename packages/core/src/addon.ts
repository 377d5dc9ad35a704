import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SharedMemoryError } from './errors.js'

/** If it is set, the loader tries no other file. */
const PATH_VARIABLE = 'MEMLANE_NATIVE_PATH'
const FILE = 'memlane.node'

/** Processors whose addresses have 32 bits, as `process.arch` names them. */
const SHORT_ADDRESSES = ['arm', 'ia32', 'mips', 'mipsel']

/** This file, or the bundle that contains it. In a CommonJS bundle, `import.meta` is empty. */
const thisFile = import.meta.url ? fileURLToPath(import.meta.url) : __filename

/** The file of the addon that was loaded. */
export let addonFile = ''

/** Loads the native addon. Its file is not part of a bundle: see docs/cookbook.md. */
export function loadAddon(): unknown {
  const { arch, platform, version } = process
  if (SHORT_ADDRESSES.includes(arch)) {
    throw new SharedMemoryError('NOT_SUPPORTED', `memlane needs a 64-bit runtime; this one is for ${platform}-${arch}`)
  }
  const require = createRequire(thisFile)
  const target = `${platform}-${arch}${platform === 'linux' && usesMusl() ? '.musl' : ''}`
  const { files, remedy } = placesOf(target)
  const tried: string[] = []
  for (const file of files) {
    try {
      if (existsSync(file)) {
        const addon: unknown = require(file)
        addonFile = file
        return addon
      }
      tried.push(`${file}: not found`)
    } catch (error) {
      tried.push(`${file}: ${error instanceof Error ? error.message : error}`)
    }
  }
  throw new SharedMemoryError(
    'NOT_SUPPORTED',
    `Found no native addon of @memlane/core for ${target} that this runtime can load (it reports itself as Node.js ${version}):\n` +
      `${tried.map((each) => `  ${each}\n`).join('')}${remedy}`,
  )
}

/**
 * True if the C library of this process is musl. Then its file is mapped: `/lib/ld-musl-x86_64.so.1`, or on Debian from
 * `/lib/x86_64-linux-musl/libc.so`. Without /proc it counts as glibc.
 */
function usesMusl(): boolean {
  try {
    return /\/ld-musl-|-linux-musl\/libc\.so/.test(readFileSync('/proc/self/maps', 'latin1'))
  } catch {
    return false
  }
}

/** The files that may be the addon, in the order of trying, and advice for the case that none is. */
function placesOf(target: string): { files: string[]; remedy: string } {
  const path = process.env[PATH_VARIABLE]
  if (path) return { files: [resolve(path)], remedy: `${PATH_VARIABLE} names this file, so no other was tried.` }
  const folder = dirname(thisFile)
  const prebuilt = join('prebuilds', target, FILE)
  const root = dirname(folder)
  if (!isOwnPackage(root)) {
    const remedy = `Copy the folder prebuilds of @memlane/core beside the bundle, or set ${PATH_VARIABLE} to the addon's file.`
    return { files: [join(folder, prebuilt), join(folder, FILE)], remedy }
  }
  const sources = join(root, 'native')
  const build =
    `Reinstall @memlane/core. If it has no addon for your system, build one: npm install --no-save node-addon-api@8 && ` +
    `npx node-gyp rebuild --directory "${sources}" (needs Python 3 and a C++17 compiler: make and g++ or clang++, or on Windows ` +
    `the Visual Studio Build Tools with "Desktop development with C++"), and set ` +
    `${PATH_VARIABLE}="${join(sources, 'build', 'Release', FILE)}".`
  return { files: [join(root, prebuilt)], remedy: build }
}

/** False for a bundle. The folder above a bundle may belong to anybody: nothing is loaded from there. */
function isOwnPackage(root: string): boolean {
  try {
    return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name === '@memlane/core'
  } catch {
    return false
  }
}
