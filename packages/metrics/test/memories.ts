import { openQueue, openStream, serve } from '@memlane/consumer'
import { connect, createLatest, createQueue, createRegion, createStream } from '@memlane/producer'
import { api, board, call, f64, struct, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64 })
const Speed = board({ speed: f64, height: f64 })
const Prices = api('Prices', { double: call(f64, f64) })

/** Memory of each shape, with known figures. */
export interface Memories extends AsyncDisposable {
  /** Each memory is named so, with a hyphen and its shape. */
  readonly name: string
  /** Sends one more message to the stream. */
  sendQuote(): void
}

/**
 * Makes a stream with 3 messages that its consumer has not taken, a latest with 2 values under one of its two keys, a queue with
 * 2 messages that are ready, 1 that is taken and 1 dead letter, calls of which 5 were answered, and a region.
 */
export async function createMemories(): Promise<Memories> {
  const name = uniqueName('metrics')
  const quotes = createStream(`${name}-stream`, Quote, { capacity: 65536, maxProducers: 2, maxConsumers: 3 })
  const quotesReader = await openStream(`${name}-stream`, Quote)
  await quotes.consumersReady(1)
  const sendQuote = () => quotes.trySend({ symbol: 'ACME', bid: 10.5 })
  for (let count = 0; count < 3; count++) sendQuote()

  const speeds = createLatest(`${name}-latest`, Speed, { maxReaders: 4 })
  for (const speed of [1, 2]) speeds.key('speed').set(speed)

  const jobs = createQueue(`${name}-queue`, f64, { capacity: 8, maxProducers: 2, maxConsumers: 5 })
  const jobsReader = await openQueue(`${name}-queue`, f64)
  for (const job of [1, 2, 3, 4]) jobs.trySend(job)
  jobsReader.tryTake()?.reject('it is a test')
  jobsReader.tryTake()

  const server = serve(`${name}-call`, Prices, { double: (number) => number * 2 }, { maxClients: 6, maxServers: 7 })
  const client = await connect(`${name}-call`, Prices)
  for (let count = 0; count < 5; count++) await client.double(count)

  const region = createRegion(`${name}-region`, Quote)

  return {
    name,
    sendQuote,
    async [Symbol.asyncDispose]() {
      for (const opened of [quotes, quotesReader, speeds, jobs, client, region]) opened.close()
      await jobsReader.close({ timeoutMs: 0 })
      await server.close()
    },
  }
}
