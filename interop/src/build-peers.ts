import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** True if `npm run test:arm64` runs the tests: then the peers in C are those for arm64, in an emulator. */
export const isEmulated: boolean = process.env.MEMLANE_ARM64_NODE !== undefined

/** Builds the peers that run on this system, before any test runs. */
export function setup(): void {
  buildPeers(isEmulated ? 'arm64' : 'linux')
}

export function buildPeers(system: 'linux' | 'windows' | 'arm64'): void {
  const build = fileURLToPath(new URL('../peers/build.mjs', import.meta.url))
  execFileSync(process.execPath, [build, system], { stdio: ['ignore', 'ignore', 'inherit'] })
}
