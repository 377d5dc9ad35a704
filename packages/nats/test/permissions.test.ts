import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { f64, struct } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Bridge, parseConfig } from '../src/index.js'

const page = readFileSync(new URL('../../../docs/guides/bridge.md', import.meta.url), 'utf8')

/** What the guide says that a user must be allowed to publish. */
function rights(use: string, names: Readonly<Record<'X' | 'D', string>>): string[] {
  const [, cell = ''] = new RegExp(`^\\| ${use} \\| (.*?) \\|`, 'm').exec(page) ?? []
  const subjects = [...cell.matchAll(/`(\$[^`]+)`/g)].map(([, subject]) => subject as string)
  return subjects.map((subject) => subject.replaceAll(/\b[XD]\b/g, (name) => names[name as 'X' | 'D']))
}

const Tick = struct('Tick', { value: f64 })

describe.runIf(hasNats)('the rights that the guide names', () => {
  it('are enough for a stream out and in', async () => {
    const name = uniqueName('rights').replaceAll('.', '-')
    const far = `${name}-far`
    const names = { X: name, D: `site2_${far}` }
    const user = (login: string, publish: readonly string[]) =>
      `{ user: ${login}, password: secret, permissions: { publish: ${JSON.stringify(publish)}, subscribe: "_INBOX.>" } }`
    const folder = mkdtempSync(join(tmpdir(), 'memlane-rights-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'password'), 'secret')
    const schemas = rights('schemas', names)
    expect(schemas.length).toBeGreaterThan(2)
    await using server = await NatsServer.start({
      config: `authorization { users: [
        ${user('out', [name, ...schemas, ...rights('`stream-out`', names)])},
        ${user('in', [...schemas, ...rights('`stream-in`', names)])}
      ] }`,
    })
    const place = { subject: name, jetstream: name }
    using writer = createStream(name, Tick, { withoutConsumers: 'wait' })
    const log: string[] = []
    const start = (origin: string, login: string, route: object) => {
      const stateFolder = join(folder, origin)
      const signIn = { servers: [server.url], user: login, passwordFile: join(folder, 'password') }
      return new Bridge(parseConfig({ origin, stateFolder, server: signIn, routes: [route] }), {
        log: (text) => log.push(text),
      })
    }
    await using _site1 = start('site1', 'out', { kind: 'stream-out', name, create: {}, onOverrun: 'block', ...place })
    await using _site2 = start('site2', 'in', { kind: 'stream-in', name: far, ...place })
    for (let value = 0; value < 10; value++) await writer.send({ value })
    using reader = await openStream(far, Tick, { from: 'oldest', timeoutMs: 10_000 })
    for (let value = 0; value < 10; value++) expect(await reader.receive({ timeoutMs: 10_000 })).toEqual({ value })
    await writer.flush()

    expect(log.filter((line) => line.includes('does not let'))).toEqual([])
  })
})
