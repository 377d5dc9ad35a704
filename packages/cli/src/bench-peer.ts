// The second process of `bench`. It answers, and then receives, until the first process ends each part.
//
// Usage: node bench-peer.js NAME

import { openStream, type StreamReader } from '@memlane/consumer'
import { now } from '@memlane/core/internal'
import { createStream, type StreamWriter } from '@memlane/producer'
import { END, PATIENCE_MS, Quote, type ReadonlyQuote, repliesOf, requestsOf } from './bench-messages.js'

type Requests = StreamReader<typeof Quote>
type Replies = StreamWriter<typeof Quote>

/** Answers each request at once, spinning in between. */
function answerSpinning(requests: Requests, replies: Replies): void {
  let last = 0
  const answer = (request: ReadonlyQuote) => {
    const reply = replies.claim()
    if (!reply) throw new Error('the lane is full')
    reply.id = last = request.id
    reply.bid = request.bid
    replies.commit()
  }
  for (let giveUpAt = now() + PATIENCE_MS; last !== END; ) {
    // One at a time: what follows END is for the next part.
    for (let checks = 0; checks < 100_000 && last !== END; checks++) if (requests.poll(answer, 1) > 0) checks = 0
    if (now() > giveUpAt) throw new Error('no request came')
  }
}

async function answerAwaiting(requests: Requests, replies: Replies): Promise<void> {
  for (;;) {
    const request = await requests.receive({ timeoutMs: PATIENCE_MS })
    if (request === undefined) throw new Error('no request came')
    await replies.send(request)
    if (request.id === END) return
  }
}

/** Takes messages until the last one, and then says how many came. */
function receive(requests: Requests, replies: Replies): void {
  let count = 0
  let last = 0
  const take = (request: ReadonlyQuote) => {
    if (request.ask - request.bid !== 0.25 && request.id !== END) throw new Error(`message ${request.id} is wrong`)
    last = request.id
    count++
  }
  while (last !== END) {
    if (requests.poll(take) === 0 && !requests.readySync({ timeoutMs: PATIENCE_MS })) throw new Error('no message came')
  }
  replies.sendSync({ id: count, size: 0, bid: 0, ask: 0, time: 0 }, { timeoutMs: PATIENCE_MS })
}

const [, , name = ''] = process.argv
using replies = createStream(repliesOf(name), Quote)
using requests = await openStream(requestsOf(name), Quote, { timeoutMs: PATIENCE_MS })
await replies.consumersReady(1, { timeoutMs: PATIENCE_MS })
answerSpinning(requests, replies)
await answerAwaiting(requests, replies)
receive(requests, replies)
