import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { openStream, type StreamReader } from '@memlane/consumer'
import { now } from '@memlane/core/internal'
import { createStream, type StreamWriter } from '@memlane/producer'
import { END, PATIENCE_MS, Quote, type ReadonlyQuote, repliesOf, requestsOf } from '../bench-messages.js'
import type { Command } from '../command.js'
import { CommandError } from '../exit-code.js'

type Requests = StreamWriter<typeof Quote>
type Replies = StreamReader<typeof Quote>

const PART_MS = 700
const WARM_UP_MS = 150
/** Spinning round trips are too short for a clock each. */
const TRIPS_PER_SAMPLE = 64

const NOTES = `
Two processes of its own send each other messages of 32 bytes, for about three seconds. Other load on the machine slows
them down. The repository has measurements that are worth quoting: npm run bench.`

export const bench: Command = {
  name: 'bench',
  summary: 'measure what this machine can do: round trips and messages a second',
  declare(line) {
    line.addHelpText('after', NOTES)
  },
  async run({ out, signal }) {
    const name = `memlane-bench-${process.pid}-${randomBytes(4).toString('hex')}`
    using requests = createStream(requestsOf(name), Quote)
    const peer = fork(fileURLToPath(new URL('./bench-peer.js', import.meta.url)), [name], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const ended = once(peer, 'exit')
    try {
      using replies = await openStream(repliesOf(name), Quote, { timeoutMs: PATIENCE_MS, signal })
      await requests.consumersReady(1, { timeoutMs: PATIENCE_MS, signal })
      const spinning = roundTripsSpinning(requests, replies)
      const awaiting = await roundTripsAwaiting(requests, replies, signal)
      const messagesPerSecond = messages(requests, replies)
      await ended
      const machine = {
        processors: availableParallelism(),
        processor: cpus()[0]?.model ?? 'unknown',
        node: process.version,
      }
      if (out.json) {
        out.object({ roundTripSpinning: spinning, roundTripAwaiting: awaiting, messagesPerSecond, ...machine })
        return
      }
      out.table(
        ['measurement', 'median', 'p99'],
        [
          ['round trip, both sides spin', microseconds(spinning.medianUs), microseconds(spinning.p99Us)],
          ['round trip, await on both sides', microseconds(awaiting.medianUs), microseconds(awaiting.p99Us)],
          ['messages of 32 bytes, in place', `${(messagesPerSecond / 1e6).toFixed(1)} million/s`, undefined],
        ],
      )
      if (out.isTerminal) out.line(`${machine.processors} x ${machine.processor}, Node ${machine.node}`, 'dim')
    } finally {
      peer.kill('SIGKILL')
    }
  },
}

interface RoundTrip {
  readonly medianUs: number
  readonly p99Us: number
}

function roundTripsSpinning(requests: Requests, replies: Replies): RoundTrip {
  let answered = -1
  const take = (reply: ReadonlyQuote) => {
    answered = reply.id
  }
  const ask = (id: number) => {
    const request = requests.claim()
    if (!request) throw silent()
    request.id = id
    request.bid = id + 0.25
    requests.commit()
    for (let checks = 0; answered !== id; checks++) {
      replies.poll(take)
      if (checks === 1e9) throw silent()
    }
  }
  const samples: number[] = []
  let id = 0
  const start = now()
  for (let from = start; from < start + WARM_UP_MS + PART_MS || samples.length === 0; ) {
    for (let trips = 0; trips < TRIPS_PER_SAMPLE; trips++) ask(++id)
    const to = now()
    if (from > start + WARM_UP_MS) samples.push((to - from) / TRIPS_PER_SAMPLE)
    from = to
  }
  ask(END)
  return summary(samples)
}

async function roundTripsAwaiting(requests: Requests, replies: Replies, signal: AbortSignal): Promise<RoundTrip> {
  const ask = async (id: number) => {
    await requests.send({ id, size: 100, bid: id + 0.25, ask: id + 0.5, time: id })
    const reply = await replies.receive({ timeoutMs: PATIENCE_MS })
    if (reply?.id !== id) throw silent()
  }
  const samples: number[] = []
  let id = 0
  const start = now()
  for (let from = start; from < start + WARM_UP_MS + PART_MS || samples.length === 0; ) {
    await ask(++id)
    const to = now()
    if (from > start + WARM_UP_MS) samples.push(to - from)
    from = to
    signal.throwIfAborted()
  }
  await ask(END)
  return summary(samples)
}

function messages(requests: Requests, replies: Replies): number {
  const send = (id: number) => {
    let request = requests.claim()
    while (!request) {
      if (!requests.readySync({ timeoutMs: PATIENCE_MS })) throw silent()
      request = requests.claim()
    }
    request.id = id
    request.size = 100
    request.bid = id + 0.25
    request.ask = id + 0.5
    request.time = id
    requests.commit()
  }
  let sent = 0
  let sentInWarmUp = 0
  const start = now()
  let from = start
  for (let time = start; time < from + PART_MS; time = now()) {
    for (let count = 0; count < 1024; count++) send(++sent)
    if (sentInWarmUp === 0 && time > start + WARM_UP_MS) {
      sentInWarmUp = sent
      from = time
    }
  }
  send(END)
  const received = replies.receiveSync({ timeoutMs: PATIENCE_MS })
  const took = now() - from
  if (received?.id !== sent + 1) throw silent()
  return Math.round(((sent - sentInWarmUp) / took) * 1000)
}

function summary(samples: number[]): RoundTrip {
  const sorted = samples.sort((a, b) => a - b)
  const at = (share: number) => rounded((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) * 1000)
  return { medianUs: at(0.5), p99Us: at(0.99) }
}

const rounded = (us: number) => Number(us.toPrecision(3))
const microseconds = (us: number) => `${us} us`
const silent = () => new CommandError('DIED', 'The second process does not answer. Run memlane bench again.')
