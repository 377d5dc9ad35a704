import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Child, type ChildOptions, spawnChild } from './child.js'

export interface FixtureOptions extends ChildOptions {
  /** A command that starts Node in its turn, such as `['setpriv', '--reuid=1234']`. */
  through?: readonly string[] | undefined
}

/**
 * Starts a program in TypeScript, usually a fixture for tests named `*.child.ts`, in this process's own Node. If only its compiled
 * form exists in that folder (for example in tests on Windows' Node), the compiled form is run instead: `*.child.mjs` of a fixture,
 * `*.js` of another program.
 *
 * @param fixture where the program is, usually `new URL('../fixtures/holder.child.ts', import.meta.url)`
 * @throws Error naming all these files when none is there
 */
export function spawnFixture(fixture: URL | string, args: readonly string[] = [], options: FixtureOptions = {}): Child {
  const source = fileURLToPath(fixture)
  const spawnNode = (nodeArgs: readonly string[]) => {
    const [command = '', ...rest] = [...(options.through ?? []), process.execPath, ...nodeArgs]
    return spawnChild(command, rest, options)
  }
  if (existsSync(source)) return spawnNode([...typescriptArguments(), source, ...args])

  const forms = ['.mjs', '.js'].map((ending) => source.replace(/\.ts$/, ending))
  const compiled = forms.find((form) => existsSync(form))
  if (compiled !== undefined) return spawnNode([compiled, ...args])
  throw new Error(`there is no program ${source}, nor ${forms.join(' or ')}`)
}

/** The options that make Node read TypeScript; needed only if the source file exists, because then tsx exists, too. */
function typescriptArguments(): string[] {
  const tsx = createRequire(import.meta.url).resolve('tsx')
  return ['--import', pathToFileURL(tsx).href]
}
