import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { nkeys } from '@nats-io/nats-core'
import { afterAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../src/index.js'
import { Link } from '../src/link/link.js'
import { until } from './until.js'

const folder = mkdtempSync(join(tmpdir(), 'memlane-sign-in-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const route = { kind: 'stream-out', name: 'x', subject: 'x', jetstream: 'X' }
const never = new AbortController().signal

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

interface TestLink extends AsyncDisposable {
  readonly link: Link
  readonly log: string[]
  /** Waits for a line of the log. */
  logged(text: string): Promise<void>
}

function linkTo(server: object): TestLink {
  const log: string[] = []
  const config = parseConfig({ stateFolder: folder, routes: [route], server })
  const link = new Link(config.server, 'test', (text) => log.push(text))
  return {
    link,
    log,
    async logged(text) {
      await until(() => log.some((line) => line.includes(text)))
    },
    [Symbol.asyncDispose]: () => link.close(),
  }
}

/** A signed token of NATS: https://docs.nats.io/using-nats/developer/connecting/creds. */
function jwt(issuer: ReturnType<typeof nkeys.createUser>, subject: string, claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const body = { jti: subject, iat: 1, iss: issuer.getPublicKey(), sub: subject, ...claims }
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(body)}`
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}

function credentials(account: ReturnType<typeof nkeys.createUser>, expiresInS?: number): string {
  const user = nkeys.createUser()
  const expiry = expiresInS === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + expiresInS }
  const token = jwt(account, user.getPublicKey(), {
    ...expiry,
    nats: { type: 'user', version: 2, subs: -1, data: -1, payload: -1 },
  })
  const seed = new TextDecoder().decode(user.getSeed())
  return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`
}

describe.runIf(hasNats)('a link signs in', () => {
  it('by user and password, and reads the password again at each attempt', async () => {
    await using server = await NatsServer.start({ config: 'authorization { user: bridge, password: right }' })
    const passwordFile = file('password', 'wrong\n')
    await using test = linkTo({ servers: [server.url], user: 'bridge', passwordFile })
    await test.logged('cannot connect: the server refuses the sign-in')
    expect(test.link.isUp).toBe(false)
    rmSync(passwordFile)
    await test.logged('cannot connect: ENOENT')
    writeFileSync(passwordFile, 'right\n')
    await test.link.whenUp(never)
    writeFileSync(passwordFile, 'wrong again\n')
    await server.kill()
    await server.restart()
    await test.logged('lost the connection')
    await until(() => test.log.filter((line) => line.includes('refuses the sign-in')).length === 2)
    writeFileSync(passwordFile, 'right\n')
    await test.link.whenUp(never)
    expect(test.link.reconnects).toBe(1)
  })

  it('by a token, by an NKEY', async () => {
    await using token = await NatsServer.start({ config: 'authorization { token: secret }' })
    await using byToken = linkTo({ servers: [token.url], tokenFile: file('token', 'secret') })
    await byToken.link.whenUp(never)
    const user = nkeys.createUser()
    await using nkey = await NatsServer.start({
      config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`,
    })
    const nkeyFile = file('nkey', `${new TextDecoder().decode(user.getSeed())}\n`)
    await using byNkey = linkTo({ servers: [nkey.url], nkeyFile })
    await byNkey.link.whenUp(never)
  })

  it('by a file of credentials, which may expire and be renewed', async () => {
    const [operator, account, system] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()]
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 }
    const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
    const accountJwt = (key: typeof account, extra = {}) =>
      jwt(operator, key.getPublicKey(), { nats: { type: 'account', version: 2, limits: { ...limits, ...extra } } })
    await using server = await NatsServer.start({
      config: [
        `operator: ${jwt(operator, operator.getPublicKey(), { nats: { type: 'operator', version: 2 } })}`,
        `system_account: ${system.getPublicKey()}`,
        'resolver: MEMORY',
        `resolver_preload: { ${account.getPublicKey()}: ${accountJwt(account, storage)}, ${system.getPublicKey()}: ${accountJwt(system)} }`,
      ].join('\n'),
    })
    const credentialsFile = file('bridge.creds', credentials(account, 2))
    await using test = linkTo({ servers: [server.url], credentialsFile })
    await test.link.whenUp(never)
    await test.logged('the sign-in has expired')
    await test.logged('lost the connection')
    writeFileSync(credentialsFile, credentials(account))
    const { manager } = await test.link.whenUp(never)
    await manager.streams.add({ name: 'X', subjects: ['x'] })
  })
})

describe.runIf(hasNats)('a link with TLS', () => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })

  /** Makes NAME.pem and NAME.key, signed by the authority of the test. */
  function certificate(name: string): void {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
    writeFileSync(join(folder, 'extensions'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'extensions',
      '-out',
      `${name}.pem`,
    )
  }

  it('proves who it is by a certificate, and refuses servers that it cannot trust', async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=authority',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    )
    certificate('server')
    certificate('client')
    const path = (name: string) => join(folder, name)
    const tls = (verify: boolean) =>
      `tls { cert_file: "${path('server.pem')}", key_file: "${path('server.key')}", ca_file: "${path('ca.pem')}", verify: ${verify} }`
    await using server = await NatsServer.start({ config: tls(true) })
    const both = { certFile: path('client.pem'), keyFile: path('client.key') }
    await using test = linkTo({ servers: [server.url], tls: { caFile: path('ca.pem'), ...both } })
    await test.link.whenUp(never)
    await using unknown = linkTo({ servers: [server.url], tls: both })
    await unknown.logged('cannot connect: unable to verify the first certificate')

    await using plain = await NatsServer.start()
    await using insisting = linkTo({ servers: [plain.url], tls: { caFile: path('ca.pem') } })
    await insisting.logged("cannot connect: server does not support 'tls'")

    // nats-server 2.9 cannot begin with TLS: something in front of it does.
    await using behind = await NatsServer.start({ config: `${tls(false)}\nallow_non_tls: true` })
    const front = createTlsServer(
      { cert: readFileSync(path('server.pem')), key: readFileSync(path('server.key')) },
      (socket) => {
        const inner = connectSocket(behind.port, '127.0.0.1')
        for (const each of [socket, inner]) each.on('error', () => {})
        socket.pipe(inner).pipe(socket)
      },
    )
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const { port } = front.address() as AddressInfo
    await using first = linkTo({
      servers: [`tls://127.0.0.1:${port}`],
      tls: { caFile: path('ca.pem'), handshakeFirst: true },
    })
    await first.link.whenUp(never)
    await first.link.close()
    front.close()
  })
})

describe.runIf(hasNats)('a link to a cluster', () => {
  it('goes to another server when its own is killed or about to shut down', async () => {
    const servers = await NatsServer.startCluster(3, { config: 'lame_duck_grace_period: "1ms"' })
    try {
      await using test = linkTo({ servers: servers.map(({ url }) => url) })
      const { connection } = await test.link.whenUp(never)
      const current = () => servers.find(({ url }) => url.endsWith(connection.getServer()))
      const first = current()
      await first?.kill('SIGUSR2') // lame duck mode
      await test.logged('is about to shut down')
      await test.link.whenUp(never)
      const second = current()
      expect(second).not.toBe(first)
      await second?.kill()
      await until(() => test.link.reconnects === 2)
      expect(current()).not.toBe(second)
    } finally {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    }
  })
})
