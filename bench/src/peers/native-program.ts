import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCE_FOLDER = fileURLToPath(new URL('../../native/', import.meta.url))
const BUILD_FOLDER = fileURLToPath(new URL('../../build/', import.meta.url))

/** For any CPU of the architecture, as Node itself is built. */
const FLAGS = ['-std=c++17', '-O3', '-Wall', '-Wextra', '-Werror']

const compiler = process.env.CXX ?? 'g++'
const sources = readdirSync(SOURCE_FOLDER).sort()
const hash = createHash('sha256').update([compiler, ...FLAGS].join(' '))
for (const file of sources) hash.update(readFileSync(join(SOURCE_FOLDER, file)))
const version = hash.digest('hex').slice(0, 16)

/** How the C++ programs are compiled, for people. */
export const COMPILATION: string = `${compiler} ${FLAGS.slice(0, 2).join(' ')}`

/** Returns the path of a C++ program of bench/native. */
export function nativeProgram(name: string): string {
  return join(BUILD_FOLDER, `${name}-${version}`)
}

/** Builds a program if it is missing or a source has changed. */
export async function buildNativeProgram(name: string): Promise<void> {
  const program = nativeProgram(name)
  if (existsSync(program)) return
  mkdirSync(BUILD_FOLDER, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  await promisify(execFile)(compiler, [...FLAGS, join(SOURCE_FOLDER, `${name}.cc`), '-o', unfinished, '-lrt'])
  renameSync(unfinished, program)
}
