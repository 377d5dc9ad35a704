// A process that takes part in a round of calls until it is killed or must finish. round.ts starts it, with a Task as JSON in its only
// argument. It reports only through the ledger.
import { setTimeout } from 'node:timers/promises'
import { serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { connect } from '@memlane/producer'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { Command, STAGE, Stage } from '../kill/ledger.js'
import { Calling } from './calling.js'
import { CallLedger, CLOSES } from './ledger.js'
import { handlersOf, Numbers } from './procedures.js'

export interface Task {
  role: 'client' | 'server'
  channel: string
  ledger: string
  participant: number
  seed: number
  wait: 'park' | 'adaptive' | 'spin'
}

const { role, channel, participant, wait, ...task }: Task = JSON.parse(process.argv[2] as string)
const ledger = new CallLedger(SharedMemory.open(task.ledger))
const counters = ledger.counters(participant)
const random = randomFrom(task.seed)
const parent = process.ppid
const isOver = () => ledger.command === Command.finish || process.ppid !== parent
Atomics.store(counters, STAGE, Stage.joining)

if (role === 'client') await callUntilOver()
else await serveUntilOver()

async function callUntilOver(): Promise<void> {
  const join = () => connect(channel, Numbers, { waitStrategy: wait })
  let client = await join()
  const calling = new Calling(ledger, participant, random)
  Atomics.store(counters, STAGE, Stage.joined)
  while (!isOver()) {
    for (let count = random() * 10; count > 0 && calling.hasRoom(100); count--) await calling.some(client)
    if (random() < 0.05 && calling.hasRoom(100)) {
      await calling.someAndClose(client)
      client = await join()
    }
    if (random() < 0.5 || !calling.hasRoom(100)) await setTimeout(random() * 3)
    if (ledger.command !== Command.pause) continue
    if (calling.hasRoom(1)) await calling.last(client)
    Atomics.store(counters, STAGE, Stage.paused)
    while (ledger.command === Command.pause && process.ppid === parent) await setTimeout(1)
    Atomics.store(counters, STAGE, Stage.joined)
  }
  client.close()
}

async function serveUntilOver(): Promise<void> {
  const handlers = handlersOf(ledger, participant, random)
  const concurrency = oneOf(random, [1, 4, 1000])
  const join = () => serve(channel, Numbers, handlers, { concurrency, waitStrategy: wait })
  let server = join()
  const closes = random() < 0.3
  Atomics.store(counters, STAGE, Stage.joined)
  while (!isOver()) {
    await setTimeout(5)
    if (!closes || random() > 0.2 || ledger.command !== Command.run) continue
    Atomics.add(counters, CLOSES, 1)
    await server.close({ timeoutMs: random() * 5 })
    server = join()
  }
  Atomics.add(counters, CLOSES, 1)
  await server.close()
}
