import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TcpProxy } from '../src/tcp-proxy.js'

/** Starts a server that sends everything back, a proxy before it, and a client of the proxy. */
async function conversation() {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = await TcpProxy.start({ target: { host: '127.0.0.1', port } })
  const client = connect(proxy.port, proxy.host)
  onTestFinished(async () => {
    client.destroy()
    await proxy[Symbol.asyncDispose]()
    server.close()
  })
  const answers: string[] = []
  client.setEncoding('utf8').on('data', (text: string) => answers.push(text))
  const ask = async (text: string) => {
    client.write(text)
    while (!answers.join('').endsWith(text)) await once(client, 'data')
  }
  return { proxy, client, ask, answers }
}

// Wine resets no connection, and the tests that need the proxy run on Linux only.
describe.skipIf(process.platform === 'win32')('a proxy', () => {
  it('passes both directions on, also slowly', async () => {
    const { proxy, ask, answers } = await conversation()
    await ask('one')
    expect(proxy.connections).toBe(1)
    proxy.delayMs = 20
    proxy.bytesPerSecond = 100_000
    await ask('x'.repeat(2000))
    expect(answers.join('')).toBe(`one${'x'.repeat(2000)}`)
  })

  it('resets connections, and refuses new ones if asked', async () => {
    const { proxy, client, ask } = await conversation()
    await ask('one')
    const reset = once(client, 'error') as Promise<[NodeJS.ErrnoException]>
    proxy.refuses = true
    proxy.cut()
    expect((await reset)[0].code).toBe('ECONNRESET')
    const [error] = (await once(connect(proxy.port, proxy.host), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
  })

  it('is silent without a sign to either side, and then continues without a gap', async () => {
    const { proxy, client, ask, answers } = await conversation()
    await ask('one')
    proxy.silence()
    client.write('two')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(answers).toEqual(['one'])
    expect(client.destroyed).toBe(false)
    proxy.speak()
    await ask('three')
    expect(answers.join('')).toBe('onetwothree')
  })
})
