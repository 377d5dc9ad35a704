// The addon's binaries in prebuilds, where the loader looks for them (src/addon.ts). A stamp beside each one's build tells from
// which sources it was made, and by which compiler.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Returns the path of a target's binary. A target is `<platform>-<arch>`, with `.musl` for Linux with that C library. */
export const pathOf = (target) => join(root, 'prebuilds', target, 'memlane.node')

/** Returns the target for which the loader looks in this process (src/addon.ts). */
export function targetOfThisSystem() {
  const maps = '/proc/self/maps'
  const usesMusl = existsSync(maps) && /\/ld-musl-|-linux-musl\/libc\.so/.test(readFileSync(maps, 'latin1'))
  return `${process.platform}-${process.arch}${usesMusl ? '.musl' : ''}`
}

const stampOf = (target) => join(root, 'prebuilds', target, 'sources.json')

function hashOfSources() {
  const native = readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => /\.(h|cc)$/.test(name))
    .map((name) => `native/${name.replaceAll('\\', '/')}`)
  const hash = createHash('sha256')
  const settings = ['native/binding.gyp', 'package.json', 'scripts/cross-compiler.mjs', 'scripts/exports.map']
  for (const name of [...settings, ...native.sort()]) hash.update(`\n${name}\n`).update(readFileSync(join(root, name)))
  return hash.digest('hex')
}

/** True if the binary was made from the present sources, by one of these compilers. */
export function isUpToDate(target, ...compilers) {
  if (!existsSync(pathOf(target)) || !existsSync(stampOf(target))) return false
  const { sources, compiler } = JSON.parse(readFileSync(stampOf(target), 'utf8'))
  return sources === hashOfSources() && compilers.includes(compiler)
}

/** Notes that the binary of a target has just been made. */
export function recordBuild(target, compiler) {
  mkdirSync(dirname(stampOf(target)), { recursive: true })
  writeFileSync(stampOf(target), `${JSON.stringify({ sources: hashOfSources(), compiler })}\n`)
}
