// Fetches the tools of this command from the npm registry, at the versions of tools/package-lock.json, each by itself, once, into
// node_modules/.cache: a run that needs no Deno fetches no Deno.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackages } from '../../scripts/fetch-packages.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const cache = join(folder, '..', '..', 'node_modules', '.cache', 'test-install')
const { dependencies, overrides } = JSON.parse(readFileSync(join(folder, 'tools', 'package.json'), 'utf8'))
const { packages } = JSON.parse(readFileSync(join(folder, 'tools', 'package-lock.json'), 'utf8'))

/** Returns the version of a tool. */
export const versionOf = (tool) => dependencies[tool].split('@').at(-1)

/** Fetches a tool and what it needs, and returns the path of a file of its package. */
export function tool(name, file) {
  const manifest = { dependencies: { [name]: dependencies[name] }, overrides }
  const target = join(cache, `${name.replace('/', '-')}-${versionOf(name)}`)
  return join(fetchPackages(target, manifest, packages), name, file)
}
