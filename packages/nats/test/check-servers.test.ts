import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { checkServers, parseConfig } from '../src/index.js'
import { covers, overlap } from '../src/message/subject-sets.js'

const out = { kind: 'stream-out', name: 'quotes', subject: 'site1.quotes.{lane}', jetstream: 'QUOTES' }

async function findingsOf(servers: readonly string[], routes: readonly object[]): Promise<string[]> {
  const findings = await checkServers(parseConfig({ stateFolder: 'unused', server: { servers }, routes }))
  return findings.map(({ severity, code, route, message }) =>
    [severity, code, route, message].filter(Boolean).join(' '),
  )
}

describe('subjects with wildcards', () => {
  it.each([
    ['a.>', 'a.*', true, true],
    ['a.*', 'a.>', false, true],
    ['a.*.c', 'a.b.c', true, true],
    ['a.b', 'a.*', false, true],
    ['a.b', 'a.b.c', false, false],
    ['a.>', 'a', false, false],
    ['>', 'a.b', true, true],
    ['a.*', 'b.*', false, false],
  ])('%s and %s', (outer, inner, isCovered, meets) => {
    expect([covers(outer, inner), overlap(outer, inner), overlap(inner, outer)]).toEqual([isCovered, meets, meets])
  })
})

describe.runIf(hasNats)('the check of the servers', () => {
  it('tells which servers answer, and which streams and buckets are missing or do not match', async () => {
    await using server = await NatsServer.start()
    const connection = await connect({ servers: server.url })
    const { streams } = await jetstreamManager(connection)
    await streams.add({ name: 'QUOTES', subjects: ['site1.quotes.*', 'site1.more'] })
    await streams.add({ name: 'NARROW', subjects: ['site2.quotes.0'], retention: 'interest' })
    // What nats-server 2.10 answers by itself: 2.9 does not know this request.
    connection.subscribe('$SYS.REQ.USER.INFO', {
      callback: (_, message) => {
        const permissions = { publish: { deny: ['$KV.>'] }, subscribe: { allow: ['_INBOX.>', 'calls.*'] } }
        message.respond(JSON.stringify({ data: { permissions } }))
      },
    })
    await connection.flush()
    const routes = [
      { ...out, create: { replicas: 3, duplicateWindowMs: 600_000 } },
      { ...out, name: 'other', subject: 'site2.quotes.{lane}', jetstream: 'NARROW' },
      { ...out, name: 'new', jetstream: 'NEW', create: {} },
      { kind: 'stream-in', name: 'far', subject: 'far', jetstream: 'NONE' },
      { kind: 'queue-in', name: 'jobs', subject: 'jobs', jetstream: 'JOBS' },
      { kind: 'latest-out', name: 'price', bucket: 'PRICES' },
      { kind: 'call-out', name: 'pricing', subject: 'pricing.{procedure}' },
    ]
    const findings = await findingsOf([server.url, 'nats://127.0.0.1:1'], routes)
    expect(findings).toEqual([
      expect.stringMatching(/^note SERVER nats:\/\/127\.0\.0\.1:\d+: nats-server \d/),
      'warning SERVER nats://127.0.0.1:1: connection refused',
      'error PERMISSION latest-out price the user may not publish to "$KV.PRICES.*.*"',
      'error PERMISSION call-out pricing the user may not subscribe to "pricing.*"',
      'warning STREAM stream-out quotes the stream "QUOTES" is there with 1 replicas, not 3',
      'warning STREAM stream-out quotes the stream "QUOTES" recognises duplicates for 120000 ms, not 600000 ms',
      'error STREAM stream-out other the stream "NARROW" does not store "site2.quotes.{lane}": it stores site2.quotes.0',
      'error STREAM stream-out other the stream "NARROW" has the retention "interest": it forgets messages while nobody reads',
      'note STREAM stream-out new the stream "NEW" is missing: the bridge creates it',
      'error STREAM stream-in far the stream "NONE" is missing: create it, or let the route that sends create it',
      'error STREAM queue-in jobs the stream "JOBS" is missing: create it, or let the route that sends create it',
      'error BUCKET latest-out price the bucket "PRICES" is missing: create it, or add "create" to this route',
    ])
    await connection.close()
  })

  it('says that no server answers, that one refuses the sign-in, and that it has no JetStream', async () => {
    expect(await findingsOf(['nats://127.0.0.1:1'], [out])).toEqual([
      'error SERVER nats://127.0.0.1:1: connection refused',
    ])
    await using server = await NatsServer.start({
      config: `accounts {
        PLAIN { users: [ { user: plain } ] }
        STORING { jetstream: enabled, users: [ { user: storing } ] }
      }
      no_auth_user: plain`,
    })
    expect(await findingsOf([server.url], [out])).toEqual([
      expect.stringMatching(/^note SERVER/),
      'note PERMISSION this server does not tell what the user may do: a route that lacks a right says so in the log',
      expect.stringMatching(/^error JETSTREAM JetStream does not answer/),
    ])
    await using closed = await NatsServer.start({ config: 'authorization { token: secret }' })
    expect(await findingsOf([closed.url], [out])).toEqual([
      expect.stringMatching(/^error SERVER .*refuses the sign-in/),
    ])
  })
})
