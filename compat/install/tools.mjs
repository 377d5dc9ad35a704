// Fetches the tools of this command from the npm registry, at the versions of tools/package-lock.json, each by itself, once, into
// node_modules/.cache: a run that needs no Deno fetches no Deno.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from '../../scripts/npm.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const cache = join(folder, '..', '..', 'node_modules', '.cache', 'test-install')
const { dependencies, overrides } = JSON.parse(readFileSync(join(folder, 'tools', 'package.json'), 'utf8'))
const lock = JSON.parse(readFileSync(join(folder, 'tools', 'package-lock.json'), 'utf8'))

/** Returns the version of a tool. */
export const versionOf = (tool) => dependencies[tool].split('@').at(-1)

/** Fetches a tool and what it needs, and returns the path of a file of its package. Nothing of it runs. */
export function tool(name, file) {
  const target = join(cache, `${name.replace('/', '-')}-${versionOf(name)}`)
  if (!existsSync(join(target, 'complete'))) {
    process.stderr.write(`Fetching ${name} ${versionOf(name)}, once.\n`)
    const manifest = { name: 'tools', dependencies: { [name]: dependencies[name] }, overrides }
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, 'package.json'), JSON.stringify(manifest))
    // npm leaves out what the manifest does not reach.
    const packages = { ...lock.packages, '': manifest }
    writeFileSync(join(target, 'package-lock.json'), JSON.stringify({ ...lock, packages }))
    const options = { cwd: target, encoding: 'utf8' }
    const { status, stdout, stderr } = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options)
    if (status !== 0) throw new Error(`${name} ${versionOf(name)} could not be fetched:\n${stdout}${stderr}`)
    writeFileSync(join(target, 'complete'), '')
  }
  return join(target, 'node_modules', name, file)
}
