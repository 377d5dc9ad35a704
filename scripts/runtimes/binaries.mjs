// Bun and Deno from the npm registry, at the versions and with the checksums of package-lock.json beside this file. Fetched when
// a command needs them, because they are large and other commands do not.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const modules = join(folder, 'node_modules')
const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

const architecture = process.arch === 'arm64' ? 'aarch64' : process.arch
const platform = { win32: 'windows' }[process.platform] ?? process.platform
const libc = process.platform === 'linux' ? '-glibc' : ''
const suffix = process.platform === 'win32' ? '.exe' : ''
const places = {
  bun: join('@oven', `bun-${platform}-${architecture}`, 'bin', `bun${suffix}`),
  deno: join('@deno', `${process.platform}-${process.arch}${libc}`, `deno${suffix}`),
}

const isInstalled = (name) => {
  const manifest = join(modules, name, 'package.json')
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === dependencies[name]
}

/** Returns the path of a runtime's program: `bun` or `deno`. Fetches both on the first call. */
export function binaryOf(runtime) {
  if (!Object.keys(places).every(isInstalled)) {
    process.stderr.write('Fetching Bun and Deno, once: about 90 MB.\n')
    // Without their install scripts, which only copy the programs.
    const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', npm, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
  }
  return join(modules, places[runtime])
}
