import { setTimeout } from 'node:timers/promises'
import { createRegion, createStream, f64, struct, u32, utf8 } from 'memlane'

const MESSAGES = 1000
const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 }, { consistency: { sequence: 'seq' } })

async function main() {
  const [, , name = ''] = process.argv
  const region = createRegion(`${name}-region`, Quote, { value: { symbol: 'ACME', bid: 10.5, seq: 0 } })
  const stream = createStream(`${name}-stream`, Quote)
  try {
    await stream.consumersReady(1)
    for (let seq = 1; seq <= MESSAGES; seq++) {
      if (seq % 200 === 0) await setTimeout(20) // the receiver falls asleep
      await stream.send({ symbol: 'ACME', bid: 10 + seq / 4, seq })
    }
    region.update((fields) => {
      fields.bid = 11
    })
    await stream.flush()
  } finally {
    stream.close()
    region.close()
  }
  console.log('sent')
}

void main()
