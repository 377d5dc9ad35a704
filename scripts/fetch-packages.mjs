// Fetches packages from the npm registry into a folder of their own, for commands that need large tools which the workspace does not
// depend on. npm checks them against the lockfile. Nothing of them runs.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { npm } from './npm.mjs'

/**
 * Fetches packages, unless the folder is there.
 *
 * @param folder where to; other processes find it complete, or not at all
 * @param manifest the content of its package.json: the dependencies
 * @param packages those of a lockfile of npm; it may have more than the manifest needs
 * @returns the path of its node_modules
 */
export function fetchPackages(folder, manifest, packages) {
  const modules = join(folder, 'node_modules')
  if (existsSync(modules)) return modules
  process.stderr.write(`Fetching ${basename(folder)}, once.\n`)
  const unfinished = `${folder}-${randomUUID()}`
  mkdirSync(unfinished, { recursive: true }) // other users may use it: mkdtemp() would keep them out
  const own = { name: 'tools', version: '0.0.0', private: true, ...manifest }
  writeFileSync(join(unfinished, 'package.json'), JSON.stringify(own))
  const lock = { lockfileVersion: 3, requires: true, packages: { ...packages, '': own } }
  writeFileSync(join(unfinished, 'package-lock.json'), JSON.stringify(lock))
  const options = { cwd: unfinished, encoding: 'utf8' }
  const { status, error, stdout, stderr } = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options)
  if (status !== 0) {
    rmSync(unfinished, { recursive: true })
    throw new Error(`${basename(folder)} could not be fetched:\n${error ?? ''}${stdout}${stderr}`)
  }
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true })
    if (!existsSync(modules)) throw error // another process was faster
  }
  return modules
}
