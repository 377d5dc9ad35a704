import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildPeers } from './build-peers.js'

/** Sets up what runs Windows' programs here, and builds the peers for Windows, before any test runs. */
export function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/windows/setup.sh', import.meta.url))
  execFileSync(script, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, GUI: '1' } })
  buildPeers('windows')
}
