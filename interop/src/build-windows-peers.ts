import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildPeers } from './build-peers.js'
import { STAGE, STAGED_FIXTURES } from './windows-programs.js'

/** Before all tests: sets up Wine and the copy of the project that Windows' Node runs, and builds the C programs for Windows. */
export function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/windows/setup.sh', import.meta.url))
  execFileSync(script, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, GUI: '1' } })
  const stage = fileURLToPath(new URL('../../scripts/stage.mjs', import.meta.url))
  execFileSync(process.execPath, [stage, STAGE, '--platform', 'win32-x64'], { stdio: ['ignore', 'ignore', 'inherit'] })
  cpSync(fileURLToPath(new URL('../windows/fixtures', import.meta.url)), STAGED_FIXTURES, { recursive: true })
  buildPeers('windows')
}
