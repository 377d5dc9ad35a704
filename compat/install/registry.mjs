// A registry on this machine: it has this workspace's packages, and hands out all others from the registry that npm uses here. So
// `npm install memlane` works as if memlane had been published.

import { spawn, spawnSync } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { npm } from '../../scripts/npm.mjs'
import { tool } from './tools.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LONGEST_START_MS = 60_000

/** Starts the registry in a folder, empty. `close` ends it. */
export async function startRegistry(folder) {
  const url = `http://127.0.0.1:${await freePort()}/`
  const upstream = npm(['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim()
  const ours = { access: '$all', publish: '$all' }
  const config = {
    storage: join(folder, 'storage'),
    uplinks: { upstream: { url: upstream, cache: true, maxage: '60m' } },
    packages: { memlane: ours, '@memlane/*': ours, '**': { access: '$all', proxy: 'upstream' } },
    web: { enable: false },
    log: { type: 'stdout', level: 'warn' },
  }
  const file = join(folder, 'config.yaml')
  writeFileSync(file, JSON.stringify(config)) // JSON is YAML
  const logFile = join(folder, 'log')
  const log = openSync(logFile, 'w')
  const verdaccio = tool('verdaccio', 'bin/verdaccio')
  const server = spawn(process.execPath, [verdaccio, '--config', file, '--listen', url], {
    stdio: ['ignore', log, log],
  })
  const close = () => server.kill()
  try {
    const end = Date.now() + LONGEST_START_MS
    while (!(await answers(url))) {
      if (server.exitCode !== null || Date.now() > end) throw new Error('It did not start')
      await setTimeout(100)
    }
  } catch (error) {
    close()
    throw new Error(`The local registry failed:\n${readFileSync(logFile, 'utf8')}`, { cause: error })
  }
  return { url, close }
}

/**
 * Publishes all packages of this workspace as a release does.
 *
 * @param thisSystemOnly compiles the addon of this system only
 */
export function publish(url, folder, thisSystemOnly) {
  // npm publishes for a known user only; the registry here lets everybody publish.
  const userConfig = join(folder, 'npmrc')
  writeFileSync(userConfig, `${url.replace('http:', '')}:_authToken=anybody\n`)
  const args = [join(root, 'scripts', 'release.mjs'), '--registry', url, ...(thisSystemOnly ? ['--this-system'] : [])]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, npm_config_userconfig: userConfig },
  })
  if (status !== 0) throw new Error(`The packages could not be published:\n${stdout}${stderr}`)
}

const answers = (url) =>
  fetch(`${url}-/ping`).then(
    ({ ok }) => ok,
    () => false,
  )

async function freePort() {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return port
}
