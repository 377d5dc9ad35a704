import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Bridge, parseConfig } from '../src/index.js'
import { startBridge } from './start-bridge.js'
import { until } from './until.js'

const route = () => ({ kind: 'stream-out', name: uniqueName('bridge'), subject: 'x', jetstream: 'X' })

/** Nobody listens there. */
const NOWHERE = 'nats://127.0.0.1:1'

describe('a bridge', () => {
  it('refuses a state folder that another one has and names its process', async () => {
    const stateFolder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    onTestFinished(() => rmSync(stateFolder, { recursive: true, force: true }))
    const config = parseConfig({ stateFolder, server: { servers: [NOWHERE] }, routes: [route()] })
    const first = new Bridge(config)
    expect(() => new Bridge(config)).toThrow(new RegExp(`^The bridge of process ${process.pid} uses the state folder`))
    expect(() => new Bridge(config)).toThrow(expect.objectContaining({ code: 'STATE_FOLDER_IN_USE' }))
    await first.stop()
    await new Bridge(config).stop()
  })

  it('says once why it cannot connect, and stops at once', async () => {
    await using started = startBridge(NOWHERE, 'lonely', [route()])
    await until(() => started.log.some((line) => line.startsWith('cannot connect')))
    expect(started.log.filter((line) => line === 'cannot connect: connection refused')).toHaveLength(1)
    expect(started.bridge.link.isUp).toBe(false)
    expect(started.bridge.link.lastError).toBe('connection refused')
  })
})
