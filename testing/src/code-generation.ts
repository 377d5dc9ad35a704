import { spawnSync } from 'node:child_process'

/** What a program printed, and whether it could make code from strings. */
export interface Outcome {
  readonly generates: boolean
  readonly status: number | null
  readonly stderr: string
  readonly results: unknown
}

/**
 * Runs a program twice: where it may make code from strings, and where Node forbids that.
 *
 * @param source an ES module that prints one value as JSON
 * @param args what it finds in `process.argv` from index 1 on
 */
export function runWithAndWithoutCodeGeneration(source: string, ...args: string[]) {
  return { allowed: run([], source, args), forbidden: run(['--disallow-code-generation-from-strings'], source, args) }
}

const PROBE = `
  let generates = true
  try { new Function('return 1')() } catch { generates = false }
  console.log(generates)
`

function run(options: readonly string[], source: string, args: readonly string[]): Outcome {
  const command = [...options, '--input-type=module', '--eval', source + PROBE, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 30_000 })
  const [results = 'null', generates] = stdout.trim().split('\n')
  return { generates: generates === 'true', status, stderr, results: JSON.parse(results) }
}
