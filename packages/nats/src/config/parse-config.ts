import type { BridgeConfig } from './bridge-config.js'
import { checkConfig } from './check-config.js'
import { type ConfigProblem, pathText } from './config-problem.js'

/** A configuration that a bridge cannot run with. The message has a line for each problem. */
export class BridgeConfigError extends Error {
  override readonly name = 'BridgeConfigError'
  readonly code = 'INVALID_CONFIG'
  readonly problems: readonly ConfigProblem[]

  /** @param file named before each problem */
  constructor(problems: readonly ConfigProblem[], file?: string) {
    super(problems.map((problem) => problemLine(problem, file)).join('\n'))
    this.problems = problems
  }
}

/**
 * Checks a configuration, and fills in its defaults. Does not look at the files that it names.
 *
 * @throws BridgeConfigError naming each wrong key
 */
export function parseConfig(config: unknown): BridgeConfig {
  const result = checkConfig(config)
  if ('config' in result) return result.config
  throw new BridgeConfigError(result.problems.map(({ path, message }) => ({ path: pathText(path), message })))
}

function problemLine({ path, message, line, column }: ConfigProblem, file: string | undefined): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return [place, `${path === '' ? 'the configuration' : path} ${message}`]
    .filter((part) => part !== undefined)
    .join(': ')
}
