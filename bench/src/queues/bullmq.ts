/** BullMQ on Debian's Redis, for the suite `queue`. Neither is a dependency of memlane: the package is installed into a temporary folder. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const VERSION = '5.34.0'
const PORT = 46_379

/** The variables that the programs of a trial need. */
export interface BullMqServer extends Disposable {
  readonly env: Readonly<Record<string, string>>
}

/** @throws Error saying why it cannot run here */
export async function startBullMq(): Promise<BullMqServer> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    throw new Error('redis-server is not installed (apt install redis-server)')
  }
  const folder = mkdtempSync(join(tmpdir(), 'memlane-bench-bullmq-'))
  let server: ChildProcess | undefined
  const stop = () => {
    server?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const args = ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder, `bullmq@${VERSION}`]
    if (spawnSync('npm', args, { stdio: 'inherit' }).status !== 0)
      throw new Error(`npm cannot install bullmq@${VERSION}`)
    const options = ['--port', `${PORT}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
    server = spawn('redis-server', options, { stdio: 'ignore' })
    await untilOpen()
    const env = { MEMLANE_BENCH_BULLMQ: folder, MEMLANE_BENCH_REDIS_PORT: `${PORT}` }
    return { env, [Symbol.dispose]: stop }
  } catch (error) {
    stop()
    throw error
  }
}

async function untilOpen(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = createConnection(PORT, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await setTimeout(50)
  }
  throw new Error('redis-server does not answer')
}
