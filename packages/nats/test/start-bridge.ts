import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bridge, parseConfig } from '../src/index.js'

export interface TestBridge extends AsyncDisposable {
  readonly bridge: Bridge
  readonly log: readonly string[]
}

/** Starts a bridge in this process, with a state folder of its own unless one is given. */
export function startBridge(
  url: string | readonly string[],
  origin: string,
  routes: readonly object[],
  stateFolder: string = mkdtempSync(join(tmpdir(), 'memlane-bridge-')),
): TestBridge {
  const log: string[] = []
  const config = parseConfig({ origin, stateFolder, server: { servers: [url].flat() }, routes })
  const bridge = new Bridge(config, {
    log: (text, route) => log.push(route === undefined ? text : `${route}: ${text}`),
  })
  return {
    bridge,
    log,
    async [Symbol.asyncDispose]() {
      await bridge.stop()
      rmSync(stateFolder, { recursive: true, force: true })
    },
  }
}
