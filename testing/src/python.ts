import { spawnSync } from 'node:child_process'

/** True if this machine has Python 3. The tests that need it are skipped elsewhere. */
export const hasPython = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0
