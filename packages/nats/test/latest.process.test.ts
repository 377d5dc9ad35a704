import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openLatest } from '@memlane/consumer'
import { createLatest } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { type Child, spawnFixture, uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from './until.js'

const Numbered = struct('Numbered', { number: u32 })
const FIXTURE = new URL('../fixtures/bridge.child.ts', import.meta.url)

describe.runIf(hasNats)('the routes latest-out and latest-in that are killed', () => {
  it('never go back to an older value, and end with the newest', async () => {
    await using server = await NatsServer.start()
    const [near, far, bucket] = [uniqueName('near'), uniqueName('far'), uniqueName('bucket')]
    const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    const children = new Set<Child>()
    onTestFinished(() => {
      for (const child of children) child[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    })
    const start = (origin: string, route: object) => {
      const stateFolder = join(folder, origin)
      const routes = [{ bucket, key: 'number', ...route }]
      const configuration = { origin, stateFolder, server: { servers: [server.url] }, routes }
      const child = spawnFixture(FIXTURE, [JSON.stringify(configuration)])
      children.add(child)
      return child
    }
    const out = () => start('near', { kind: 'latest-out', name: near, create: {} })
    const into = () => start('far', { kind: 'latest-in', name: far })

    using writer = createLatest(near, Numbered)
    let number = 0
    const timer = setInterval(() => writer.set({ number: ++number }), 1)
    onTestFinished(() => clearInterval(timer))
    let [sender, receiver] = [out(), into()]
    using reader = await openLatest(far, Numbered, { endOn: 'never' })
    const seen: number[] = []
    const stopped = new AbortController()
    const read = async () => {
      for await (const { value } of reader.changes({ signal: stopped.signal })) seen.push(value.number)
    }
    read().catch(() => {})
    for (let round = 0; round < 3; round++) {
      const before = seen.length
      await until(() => seen.length > before + 20)
      await setTimeout(Math.random() * 50)
      const victim = round === 0 ? sender : receiver
      victim.kill('SIGKILL')
      expect((await victim.exit).signal).toBe('SIGKILL')
      if (round === 0) sender = out()
      else receiver = into()
      if (round === 1) {
        await server.kill()
        await server.restart()
      }
    }
    clearInterval(timer)
    await until(() => seen.at(-1) === number)
    expect(seen.every((value, index) => index === 0 || value >= (seen[index - 1] as number))).toBe(true)
    for (const child of [sender, receiver]) {
      child.kill()
      expect((await child.exit).code).toBe(0)
    }
  })
})
