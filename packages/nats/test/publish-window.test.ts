import type { Msg, NatsConnection } from '@nats-io/nats-core'
import { expect, it } from 'vitest'
import { RouteFigures } from '../src/routes/route-figures.js'
import { LaneLabel } from '../src/routes/stream-out/lane-label.js'
import { PublishWindow } from '../src/routes/stream-out/publish-window.js'

type Callback = (error: Error | null, answer: Msg) => void

/** A connection that notes where answers are expected. */
function silentConnection() {
  const replies: string[] = []
  let answer: Callback = () => {}
  const connection = {
    subscribe(_subject: string, { callback }: { callback: Callback }) {
      answer = callback
      return { unsubscribe() {} }
    },
    publish(_subject: string, _payload: Uint8Array, { reply }: { reply: string }) {
      replies.push(reply)
    },
    isClosed: () => false,
  } as unknown as NatsConnection
  return { connection, replies, answer: (error: Error | null, message: Msg) => answer(error, message) }
}

it('a window believes no answer that JetStream cannot have given, and survives a refused subscription', async () => {
  const figures = new RouteFigures()
  const window = new PublishWindow({ jetstream: 'S', size: 8, figures, onSettled() {}, onRefused() {}, log() {} })
  const label = new LaneLabel({ subject: 's', instance: 'aa', lane: 0, headers: '' })
  const settled: number[] = []
  const sender = { release() {}, settle: ({ sequence }: { sequence: number }) => settled.push(sequence) }
  window.push({ label, sequence: 0, time: 0, payload: new Uint8Array(3), sender, end: 0 })

  const refused = silentConnection()
  const first = window.run(refused.connection)
  refused.answer(new Error('Permissions Violation'), {} as Msg)
  expect(await first).toEqual({ reason: 'Permissions Violation', next: 'pause' })

  for (const text of [
    '{"stream":"S",',
    '{"stream":"S","seq":"1"}',
    '{"stream":"S","seq":1e999}',
    '{"stream":"S","x":1}',
  ]) {
    const forged = silentConnection()
    const attempt = window.run(forged.connection)
    forged.answer(null, { subject: forged.replies[0], data: Buffer.from(text) } as unknown as Msg)
    expect((await attempt).next).toBe('pause')
  }
  const honest = silentConnection()
  void window.run(honest.connection)
  honest.answer(null, { subject: honest.replies[0], data: Buffer.from('{"stream":"S","seq":7}') } as unknown as Msg)
  expect(settled).toEqual([0])
  expect(window.latestStored).toBe(7)
  window.close()
})
