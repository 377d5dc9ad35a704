/** The procedures of a round, and their handlers. Each handler notes its call in the ledger before it does anything else. */

import { setTimeout } from 'node:timers/promises'
import { type Handlers, inPlace } from '@memlane/consumer'
import { api, call, stream } from '@memlane/protocol'
import { isWhole, Numbered, type NumberedMessage, numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random } from '@memlane/testing/random'
import { TORN } from '../kill/ledger.js'
import type { CallLedger } from './ledger.js'

export const Numbers = api('Numbers', {
  plain: call(Numbered, Numbered),
  again: call(Numbered, Numbered, { idempotent: true }),
  place: call(Numbered, Numbered, { idempotent: true }),
  reply: call(Numbered, Numbered),
  fails: call(Numbered, Numbered),
  parts: call(Numbered, stream(Numbered)),
  /** Its handler ends only when the call is given up. */
  hold: call(Numbered, Numbered),
})

/** The lane of an answer. That of a request is 0. */
export const ANSWER = 1

/** The answer to a request; of a stream, the part with that number. */
function answerTo({ author, own }: NumberedMessage, part = 0): NumberedMessage {
  return numbered(author, own, ANSWER, part)
}

/** How many parts the streamed answer to a request has. */
export function partsOf({ own }: NumberedMessage): number {
  return (own * 7) % 150
}

/** How often a handler takes some time: some servers are fast, and some usually have a call when they are killed. */
const PAUSES = [0.02, 0.5] as const
const PAUSE_MS = 8

export function handlersOf(ledger: CallLedger, me: number, random: Random): Handlers<typeof Numbers.procedures> {
  const pauses = oneOf(random, PAUSES)
  const pauseMs = () => (random() < pauses ? random() * PAUSE_MS : 0)
  const begin = (request: NumberedMessage) => {
    if (isWhole(request) && request.lane === 0) ledger.begin(request.author, request.own, me)
    else {
      console.error(`server ${me} got a torn request: ${JSON.stringify(request)}`)
      Atomics.add(ledger.counters(me), TORN, 1)
    }
  }
  const answer = (request: NumberedMessage) => {
    begin(request)
    const pause = pauseMs()
    return pause === 0 ? answerTo(request) : setTimeout(pause).then(() => answerTo(request))
  }
  return {
    plain: answer,
    /** Always takes some time: many of its servers die meanwhile. */
    async again(request) {
      begin(request)
      await setTimeout(random() * PAUSE_MS)
      return answerTo(request)
    },
    place: inPlace((request, context) => {
      const copy = { ...request }
      begin(copy)
      Object.assign(context.reply(), answerTo(copy))
    }),
    async reply(request, context) {
      begin(request)
      const reply = context.reply()
      await setTimeout(pauseMs())
      if (!context.signal.aborted) Object.assign(reply, answerTo(request))
      return undefined
    },
    async fails(request) {
      begin(request)
      const pause = pauseMs()
      if (pause > 0) await setTimeout(pause)
      throw Object.assign(new RangeError('as it should'), { code: 'FAILS', data: request.own })
    },
    async *parts(request) {
      begin(request)
      for (let part = 0; part < partsOf(request); part++) {
        if (random() < 0.02) await setTimeout(pauseMs())
        yield answerTo(request, part)
      }
    },
    async hold(request, { signal }) {
      begin(request)
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return answerTo(request)
    },
  }
}
