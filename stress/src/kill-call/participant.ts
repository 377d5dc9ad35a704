// A process that takes part in a round of calls until it is killed or must finish. round.ts starts it, with a Task as JSON in its only
// argument. It reports only through the ledger.
import { setTimeout } from 'node:timers/promises'
import { type ServeOptions, serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { connect } from '@memlane/producer'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { Command, STAGE, Stage } from '../kill/ledger.js'
import { Calling, LAST_CALLS } from './calling.js'
import { CallLedger, CLOSES } from './ledger.js'
import { handlersOf, Numbers } from './procedures.js'
import { takes } from './takes.js'

const PAUSE_MS = 3
/** So long that its calls last for the whole round. */
const LASTING_PAUSE_MS = 10

export interface Task {
  /** A `lasting-client` lives through the whole round, and a `lasting-server` outlives the other participants. */
  role: 'client' | 'lasting-client' | 'server' | 'lasting-server'
  channel: string
  /** Servers: the dimensions of the memory. */
  options: ServeOptions
  ledger: string
  participant: number
  seed: number
  wait: 'park' | 'adaptive' | 'spin'
}

const { role, channel, options, participant, wait, ...task }: Task = JSON.parse(process.argv[2] as string)
const ledger = new CallLedger(SharedMemory.open(task.ledger))
const counters = ledger.counters(participant)
const random = randomFrom(task.seed)
const parent = process.ppid
const end = role === 'lasting-server' ? Command.end : Command.finish
const isOver = () => ledger.command >= end || process.ppid !== parent
takes.noteIn(ledger, participant)
Atomics.store(counters, STAGE, Stage.joining)

if (role === 'client' || role === 'lasting-client') await callUntilOver()
else await serveUntilOver()

async function callUntilOver(): Promise<void> {
  const join = () => connect(channel, Numbers, { waitStrategy: wait })
  let client = await join()
  const calling = new Calling(ledger, participant, random, role === 'client')
  Atomics.store(counters, STAGE, Stage.joined)
  while (!isOver()) {
    const most = role === 'lasting-client' ? 1 : 10
    for (let count = random() * most; count > 0 && calling.hasRoom(100); count--) await calling.some(client)
    if (random() < 0.05 && calling.hasRoom(100)) {
      await calling.someAndClose(client)
      client = await join()
    }
    if (role === 'lasting-client') await setTimeout(random() * LASTING_PAUSE_MS)
    else if (random() < 0.5 || !calling.hasRoom(100)) await setTimeout(random() * PAUSE_MS)
    if (ledger.command !== Command.pause) continue
    if (calling.hasRoom(LAST_CALLS)) await calling.last(client)
    Atomics.store(counters, STAGE, Stage.paused)
    while (ledger.command === Command.pause && process.ppid === parent) await setTimeout(1)
    Atomics.store(counters, STAGE, Stage.joined)
  }
  client.close()
}

async function serveUntilOver(): Promise<void> {
  const handlers = handlersOf(ledger, participant, random)
  const concurrency = oneOf(random, [1, 4, 1000])
  const join = () => serve(channel, Numbers, handlers, { ...options, concurrency, waitStrategy: wait })
  let server = join()
  const closes = role === 'server' && random() < 0.3
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
