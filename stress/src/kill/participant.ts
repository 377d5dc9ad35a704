// A process that takes part in a round until it is killed, or told to finish. Started by round.ts, with a Task as JSON for
// its one argument; speaks on the board alone.
import { setTimeout } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { joinStream } from '@memlane/producer'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { type Reading, readings } from '@memlane/testing/readings'
import { Board, Command, STAGE, Stage } from './board.js'
import { Ledger } from './ledger.js'
import { Sender, sendings } from './sending.js'

interface Common {
  stream: string
  board: string
  incarnation: number
  wait: 'park' | 'adaptive' | 'spin'
}

export type ProducerTask = Common & { role: 'producer'; seed: number }
export type ConsumerTask = Common & {
  role: 'consumer'
  reading: Reading
  from: 'now' | 'oldest'
  access: 'read' | 'readwrite'
}

const task: ProducerTask | ConsumerTask = JSON.parse(process.argv[2] as string)
const board = Board.open(task.board)
const account = board.account(task.incarnation)
Atomics.store(account, STAGE, Stage.joining)

if (task.role === 'producer') await produce(task)
else await consume(task)

async function produce({ stream, incarnation, wait, seed }: ProducerTask): Promise<void> {
  using writer = await joinStream(stream, Numbered, { waitStrategy: wait })
  const sender = new Sender(writer, incarnation, account, board.lanes)
  const random = randomFrom(seed)
  const parent = process.ppid
  Atomics.store(account, STAGE, Stage.joined)

  while (board.command !== Command.finish && process.ppid === parent) {
    const sending = oneOf(random, sendings)
    for (let count = random() * 50; count > 0; count--) await sender[sending]()
    // Now and then everybody runs dry, and sleeps.
    if (random() < 0.5) await setTimeout(random() * 3)
    if (board.command === Command.pause) {
      await sender.send()
      Atomics.store(account, STAGE, Stage.paused)
      while (board.command === Command.pause && process.ppid === parent) await setTimeout(1)
      Atomics.store(account, STAGE, Stage.joined)
    }
  }
}

async function consume({ stream, wait, reading, from, access }: ConsumerTask): Promise<void> {
  using reader = await openStream(stream, Numbered, { waitStrategy: wait, from, access })
  const ledger = new Ledger(process.argv[2] as string, account, false, () => reader.missed)
  Atomics.store(account, STAGE, Stage.joined)
  await readings[reading](reader, ledger)
  if (reader.end === undefined) throw new Error(`${reading} came back though the stream had not ended`)
}
