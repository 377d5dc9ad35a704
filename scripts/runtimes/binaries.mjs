// Bun and Deno from the npm registry, at the versions and with the checksums of package-lock.json beside this file. Fetched when
// a command needs them, because they are large and other commands do not.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackages } from '../fetch-packages.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
const { packages } = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8'))

const architecture = process.arch === 'arm64' ? 'aarch64' : process.arch
const platform = { win32: 'windows' }[process.platform] ?? process.platform
const libc = process.platform === 'linux' ? '-glibc' : ''
const suffix = process.platform === 'win32' ? '.exe' : ''
const places = {
  bun: join('@oven', `bun-${platform}-${architecture}`, 'bin', `bun${suffix}`),
  deno: join('@deno', `${process.platform}-${process.arch}${libc}`, `deno${suffix}`),
}

const folder = join(here, '..', '..', 'node_modules', '.cache', `bun-${dependencies.bun}-deno-${dependencies.deno}`)

/** Returns the pinned version of a runtime: `bun` or `deno`. */
export const versionOf = (runtime) => dependencies[runtime]

/** Returns the path of a runtime's program: `bun` or `deno`. The first call fetches both: about 90 MB. */
export function binaryOf(runtime) {
  return join(fetchPackages(folder, { dependencies }, packages), places[runtime])
}
