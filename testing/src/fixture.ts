import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Child, type ChildOptions, spawnChild } from './child.js'

export interface FixtureOptions extends ChildOptions {
  /** A command that starts Node in its turn, such as `['setpriv', '--reuid=1234']`. */
  through?: readonly string[] | undefined
}

/**
 * Starts a fixture, a program for tests named `*.child.ts`, in this process's own Node. If only its compiled form
 * `*.child.mjs` exists in that folder (for example in tests on Windows' Node), the compiled form is run instead.
 *
 * @param fixture where the fixture is, usually `new URL('../fixtures/holder.child.ts', import.meta.url)`
 * @throws Error naming both files when neither is there
 */
export function spawnFixture(fixture: URL | string, args: readonly string[] = [], options: FixtureOptions = {}): Child {
  const source = fileURLToPath(fixture)
  const spawnNode = (nodeArgs: readonly string[]) => {
    const [command = '', ...rest] = [...(options.through ?? []), process.execPath, ...nodeArgs]
    return spawnChild(command, rest, options)
  }
  if (existsSync(source)) return spawnNode([...typescriptArguments(), source, ...args])

  const compiled = source.replace(/\.ts$/, '.mjs')
  if (existsSync(compiled)) return spawnNode([compiled, ...args])
  throw new Error(`there is no fixture ${source}, nor ${compiled}`)
}

/** The options that make Node read TypeScript; needed only if the source file exists, because then tsx exists, too. */
function typescriptArguments(): string[] {
  const tsx = createRequire(import.meta.url).resolve('tsx')
  return ['--import', pathToFileURL(tsx).href]
}
