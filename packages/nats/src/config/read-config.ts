import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import type { BridgeConfig } from './bridge-config.js'
import { checkConfig, type ValueProblem } from './check-config.js'
import { type ConfigPath, type ConfigProblem, pathText } from './config-problem.js'
import { BridgeConfigError } from './parse-config.js'

/**
 * Reads a configuration from a file of JSON, which may have comments. Checks it, fills in its defaults, and makes the paths in it absolute:
 * they are relative to the file. Makes the state folder. Blocks.
 *
 * @throws BridgeConfigError naming line and column of each problem: a wrong key, a file that cannot be read, a state folder that cannot be
 * written
 * @throws an error of the system if the file itself cannot be read
 */
export function readConfig(file: string): BridgeConfig {
  const text = readFileSync(file, 'utf8')
  const tree = treeOf(text, file)
  const duplicates = duplicateKeys(tree, [])
  if (duplicates.length > 0) throw located(duplicates, tree, text, file)
  const result = checkConfig(getNodeValue(tree))
  if ('problems' in result) throw located(result.problems, tree, text, file)
  const config = withPathsFrom(result.config, dirname(resolve(file)))
  const problems = fileProblems(config)
  if (problems.length > 0) throw located(problems, tree, text, file)
  return config
}

function treeOf(text: string, file: string): Node {
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error === undefined && tree !== undefined) return tree
  const { offset, error: code } = error ?? { offset: 0, error: undefined }
  const what = code === undefined ? 'the file is empty' : asWords(printParseErrorCode(code))
  throw new BridgeConfigError([{ path: '', message: `is no JSON: ${what}`, ...placeOf(text, offset) }], file)
}

/** Turns `CommaExpected` into `comma expected`. */
function asWords(code: string): string {
  return code.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}

/** JSON takes the last of two keys of the same name, so the first would be lost silently. */
function duplicateKeys(node: Node, path: ConfigPath): ValueProblem[] {
  const children = node.children ?? []
  if (node.type === 'array') return children.flatMap((child, index) => duplicateKeys(child, [...path, index]))
  if (node.type !== 'object') return []
  const seen = new Set<string>()
  return children.flatMap(({ children: [name, value] = [] }) => {
    const key = name?.value as string
    const problems = value === undefined ? [] : duplicateKeys(value, [...path, key])
    if (seen.has(key)) problems.push({ path: [...path, key], message: 'stands here twice', unknownKey: true })
    seen.add(key)
    return problems
  })
}

function located(problems: readonly ValueProblem[], tree: Node, text: string, file: string): BridgeConfigError {
  const placed = problems.map(({ path, message, unknownKey = false }): ConfigProblem => {
    return { path: pathText(path), message, ...placeOf(text, offsetOf(tree, path, unknownKey)) }
  })
  return new BridgeConfigError(placed, file)
}

/** Where a value begins, or its key. A value that is missing counts as the object around it. */
function offsetOf(tree: Node, path: ConfigPath, key: boolean): number {
  const node = findNodeAtLocation(tree, [...path])
  if (node === undefined) return offsetOf(tree, path.slice(0, -1), false)
  return key ? (node.parent?.offset ?? node.offset) : node.offset
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

const SERVER_FILES = ['passwordFile', 'tokenFile', 'nkeyFile', 'credentialsFile'] as const
const TLS_FILES = ['caFile', 'certFile', 'keyFile'] as const

function withPathsFrom(config: BridgeConfig, folder: string): BridgeConfig {
  const { stateFolder, server, routes } = config
  const { tls } = server
  return {
    ...config,
    stateFolder: resolve(folder, stateFolder),
    server: {
      ...absolute(server, SERVER_FILES, folder),
      ...(tls !== undefined && { tls: absolute(tls, TLS_FILES, folder) }),
    },
    routes: routes.map((route) => ('schemaFile' in route ? absolute(route, ['schemaFile'], folder) : route)),
  }
}

function absolute<T extends object>(value: T, keys: readonly (keyof T)[], folder: string): T {
  const paths = keys.filter((key) => value[key] !== undefined).map((key) => [key, resolve(folder, String(value[key]))])
  return { ...value, ...Object.fromEntries(paths) }
}

function fileProblems({ stateFolder, server, routes }: BridgeConfig): ValueProblem[] {
  const problems: ValueProblem[] = []
  const check = (path: ConfigPath, action: () => void) => {
    try {
      action()
    } catch (error) {
      problems.push({ path, message: `cannot be used: ${error instanceof Error ? error.message : String(error)}` })
    }
  }
  const readable = (file: string | undefined, path: ConfigPath) => {
    if (file !== undefined) check(path, () => accessSync(file, constants.R_OK))
  }
  check(['stateFolder'], () => {
    // The bridge makes the folder. To check a file makes nothing: another user may run the bridge.
    let folder = stateFolder
    while (!existsSync(folder)) folder = dirname(folder)
    accessSync(`${folder}/.`, constants.R_OK | constants.W_OK | constants.X_OK)
  })
  for (const key of SERVER_FILES) readable(server[key], ['server', key])
  for (const key of TLS_FILES) readable(server.tls?.[key], ['server', 'tls', key])
  for (const [index, route] of routes.entries()) {
    if ('schemaFile' in route) readable(route.schemaFile, ['routes', index, 'schemaFile'])
  }
  return problems
}
