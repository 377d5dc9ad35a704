import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** No trial takes nearly as long; one that does hangs. */
const TIMEOUT_MS = 120_000

/**
 * Runs one trial in a process of its own, so that no trial sees what another left in caches and heap. The file prints its
 * measurements as JSON.
 *
 * @param file relative to the module at `base`
 * @throws Error naming the trial that failed or hung
 */
export async function runTrial<T>(file: string, base: string, args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(file, base))
  const command = ['--expose-gc', '--import', 'tsx', path, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: TIMEOUT_MS }).catch((cause) => {
    throw new Error(`trial ${file} ${args.join(' ')} failed`, { cause })
  })
  return JSON.parse(stdout) as T
}
