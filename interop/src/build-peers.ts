import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds the peers that run on this system, before any test runs. */
export function setup(): void {
  buildPeers('linux')
}

export function buildPeers(system: 'linux' | 'windows'): void {
  const build = fileURLToPath(new URL('../peers/build.mjs', import.meta.url))
  execFileSync(process.execPath, [build, system], { stdio: ['ignore', 'ignore', 'inherit'] })
}
