import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { call } from '../src/windows-programs.js'

const LIVES = { timeoutMs: 100_000 }
const object = () => `Local\\${uniqueName('call')}`

test('calls of memlane are answered by C', async () => {
  const name = object()
  using server = call.server(['--create', name, '2101'], LIVES)
  await server.line('joined')
  using first = call.memlane(['call', name, 'twice', '100', '2000'], LIVES)
  expect((await first.exit).stdout).toBe('connected\n2000 right\n')
  using second = call.memlane(['call', name, 'upTo', '20', '100'], LIVES)
  expect((await second.exit).stdout).toBe('connected\n100 right\n')
  using third = call.memlane(['call', name, 'again', '13', '1'], LIVES)
  expect((await third.exit).stdout).toBe('connected\n1 IN_C\n')
  expect((await server.exit).stdout).toBe('joined\r\n2101 calls, 0 given up\r\n')
})

test('calls of C are answered by memlane and by C', async () => {
  const name = object()
  using memlane = call.memlane(['serve', name], LIVES)
  await memlane.line('joined')
  using first = call.client(['--parallel', '16', name, 'twice', '100', '2000'], LIVES)
  expect((await first.exit).stdout).toBe('connected\r\n2000 answered, 0 ended otherwise\r\n')
  using second = call.client(['--parallel', '3', name, 'upTo', '20', '100'], LIVES)
  expect((await second.exit).stdout).toBe('connected\r\n100 answered, 0 ended otherwise\r\n')
  memlane.write('end\n')
  await memlane.line('2100 calls')
  using server = call.server(['--create', `${name}-c`, '1000'], LIVES)
  await server.line('joined')
  using client = call.client([`${name}-c`, 'again', '100', '1000'], LIVES)
  expect((await client.exit).stdout).toBe('connected\r\n1000 answered, 0 ended otherwise\r\n')
  expect(await server.exit).toMatchObject({ code: 0 })
})

test('the death of a server in C fails its call, and an idempotent one goes to memlane', async () => {
  const name = object()
  using first = call.server(['--create', '--hold', '1', name, '9'], LIVES)
  await first.line('joined')
  using loser = call.memlane(['call', name, 'twice', '1', '1'], LIVES)
  await first.line('holds')
  first.kill('SIGKILL')
  expect((await loser.exit).stdout).toBe('connected\n1 DIED\n')
  const other = object()
  using second = call.server(['--create', '--hold', '1', other, '9'], LIVES)
  await second.line('joined')
  using client = call.client([other, 'again', '2', '1'], LIVES)
  await second.line('holds')
  using heir = call.memlane(['serve', other], LIVES)
  await heir.line('joined')
  second.kill('SIGKILL')
  expect((await client.exit).stdout).toBe('connected\r\n2: answered\r\n1 answered, 0 ended otherwise\r\n')
  heir.write('end\n')
  await heir.line('1 calls')
})

test('a call that C cancels while C has it is given up', async () => {
  const name = object()
  using server = call.server(['--create', '--hold', '1', name, '1'], LIVES)
  await server.line('joined')
  using client = call.client(['--cancel', '--parallel', '2', name, 'twice', '1', '2'], LIVES)
  await client.line('sent')
  await server.line('holds')
  client.write('x')
  await client.line('0 answered, 2 ended otherwise')
  server.write('x')
  await server.line('1 calls, 1 given up')
  expect(await client.exit).toMatchObject({ code: 0 })
  expect(await server.exit).toMatchObject({ code: 0 })
})
