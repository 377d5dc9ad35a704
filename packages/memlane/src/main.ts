#!/usr/bin/env node
// The program `memlane` of this package: runs @memlane/cli, which is a package of its own because programs do not need it.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const CLI = '@memlane/cli'

/** Looks beside this package first, then in the project of the current folder: package managers may keep packages apart. */
async function load(): Promise<{ main(): Promise<number> } | undefined> {
  for (const base of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json'))]) {
    let file: string
    try {
      file = createRequire(base).resolve(CLI)
    } catch {
      continue
    }
    return import(pathToFileURL(file).href)
  }
  return undefined
}

const cli = await load()
if (cli === undefined)
  console.error(`memlane: NOT_INSTALLED: the commands are a package of their own: npm install ${CLI}`)
process.exitCode = cli === undefined ? 1 : await cli.main()
