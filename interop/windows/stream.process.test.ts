import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { stream } from '../src/windows-programs.js'

const COUNT = 50_000
const LIVES = { timeoutMs: 100_000 }
const object = () => `Local\\${uniqueName('stream')}`

test('messages that C sends reach memlane and C', async () => {
  const name = object()
  using producer = stream.producer(
    ['--create', '65536', '--batch', '3', '--abort', '7', '--pause', name, `${COUNT}`],
    LIVES,
  )
  await producer.line('lane 0, message 0')
  using consumer = stream.consumer([name], LIVES)
  await consumer.line('joined')
  using memlane = stream.memlane(['receive', name], LIVES)
  await memlane.line('joined')
  producer.write('x')
  const received = `${COUNT} samples, 0 missed, closed`
  expect((await consumer.exit).stdout).toBe(`joined\r\n${received}\r\n`)
  expect((await memlane.exit).stdout).toBe(`joined\n${received}\n`)
  expect(await producer.exit).toMatchObject({ code: 0 })
})

test('messages that memlane sends reach C', async () => {
  const name = object()
  using memlane = stream.memlane(['send', name, `${COUNT}`], LIVES)
  await memlane.line('ready')
  using consumer = stream.consumer([name], LIVES)
  await consumer.line('joined')
  memlane.write('go\n')
  expect((await consumer.exit).stdout).toBe(`joined\r\n${COUNT} samples, 0 missed, closed\r\n`)
  expect(await memlane.exit).toMatchObject({ code: 0 })
})

test('memlane notices the death of a C producer in the middle of a record', async () => {
  const name = object()
  using producer = stream.producer(['--create', '65536', '--stop', '5000', '--pause', name, '10000'], LIVES)
  await producer.line('lane 0, message 0')
  using memlane = stream.memlane(['receive', name], LIVES)
  await memlane.line('joined')
  producer.write('x')
  await producer.line('in the middle')
  producer.kill('SIGKILL')
  expect((await memlane.exit).stdout).toBe('joined\n5000 samples, 0 missed, died\n')
})

test('a C consumer blocks a memlane producer until the consumer is killed', async () => {
  const name = object()
  using memlane = stream.memlane(['send', name, '10000'], LIVES)
  await memlane.line('ready')
  using consumer = stream.consumer(['--hold', '100', name], LIVES)
  await consumer.line('joined')
  memlane.write('go\n')
  await consumer.line('holding')
  expect(memlane.stdout).not.toContain('sent')
  consumer.kill('SIGKILL')
  await memlane.line('sent')
  expect(await memlane.exit).toMatchObject({ code: 0 })
})
