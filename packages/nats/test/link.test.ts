import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it } from 'vitest'
import { Link } from '../src/link/link.js'

describe.runIf(hasNats)('the link to a server', () => {
  it('comes back after the server was killed', async () => {
    await using server = await NatsServer.start()
    const link = new Link({ servers: [server.url] }, 'test')
    const { signal } = new AbortController()
    const { manager } = await link.whenUp(signal)
    await manager.streams.add({ name: 'KEPT', subjects: ['kept.*'] })
    await server.kill()
    await new Promise<void>((resolve) => {
      const stop = link.onChange((isUp) => {
        if (isUp) return
        stop()
        resolve()
      })
      if (!link.isUp) resolve()
    })
    await server.restart()
    await link.whenUp(signal)
    expect(link.reconnects).toBe(1)
    expect((await manager.streams.info('KEPT')).config.subjects).toEqual(['kept.*'])
    await link.close()
    expect(link.isUp).toBe(false)
  })

  it('waits for a server that is not there yet', async () => {
    await using server = await NatsServer.start()
    await server.kill()
    const link = new Link({ servers: [server.url] }, 'test')
    const stopped = new AbortController()
    const waiting = link.clients(stopped.signal)
    stopped.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await server.restart()
    await link.whenUp(new AbortController().signal)
    expect(link.isUp).toBe(true)
    await link.close()
  })
})
