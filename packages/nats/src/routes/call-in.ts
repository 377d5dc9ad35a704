import { setTimeout } from 'node:timers/promises'
import { type Handlers, serve } from '@memlane/consumer'
import type { Procedures } from '@memlane/protocol'
import { type ApiDescriptor, proceduresIn } from '@memlane/protocol/internal'
import type { NatsConnection } from '@nats-io/nats-core'
import type { RouteConfigOf } from '../config/route-config.js'
import { abortable } from '../link/abortable.js'
import { Backoff } from '../link/backoff.js'
import { within } from '../link/within.js'
import { apiInFile } from '../message/schema-file.js'
import { filled, token } from '../message/subject-map.js'
import { apiOf } from './call/api-of.js'
import { API_TOKEN } from './call/call-wire.js'
import { FarCalls } from './call/far-calls.js'
import { WAIT_STRATEGY } from './call/wait-strategy.js'
import type { RouteContext, RunRoute } from './route.js'

/** How long the route waits for running calls when it ends, in milliseconds. */
const STOP_MS = 5000
const REQUEST_MS = 1000

/** Serves a local name. Its handlers call the endpoints of a service of NATS. */
export const runCallIn: RunRoute<RouteConfigOf<'call-in'>> = async (config, context) => {
  const { name, schemaFile, capacity, maxRequestLength, maxAnswerLength } = config
  const { link, signal, log } = context
  const { connection } = await link.whenUp(signal)
  const subjectOf = (procedure: string) => filled(config.subject, { name: token(name), procedure })
  const announced = () => announcedApi(connection, subjectOf(API_TOKEN))
  // A service of another program has no such endpoint, and sends no signs of life.
  const found = schemaFile === undefined ? await untilAnnounced(announced, context) : await announced().catch(() => {})
  const descriptor = schemaFile === undefined ? apiIn(found ?? new Uint8Array(0)) : apiInFile(schemaFile)
  const isBridge = found !== undefined
  const calls = new FarCalls(config, context, connection, descriptor, isBridge, (each) => subjectOf(token(each)))
  try {
    const server = serve(name, apiOf(descriptor), calls.handlers() as Handlers<Procedures>, {
      waitStrategy: WAIT_STRATEGY,
      ...(capacity !== undefined && { capacity }),
      ...(maxRequestLength !== undefined && { maxRequestLength }),
      ...(maxAnswerLength !== undefined && { maxAnswerLength }),
    })
    log('serves')
    try {
      const failure = await abortable(calls.otherSchema, signal).catch(() => undefined)
      if (failure !== undefined) throw failure
    } finally {
      await server.close({ timeoutMs: STOP_MS })
      if (link.isUp) await within(connection.flush(), REQUEST_MS) // what tells the servers that calls are cancelled
    }
  } finally {
    calls.close()
  }
}

/** @throws an error of the request */
async function announcedApi(connection: NatsConnection, subject: string): Promise<Uint8Array> {
  return (await connection.request(subject, '', { timeout: REQUEST_MS })).data
}

/** Waits until a bridge offers the service. */
async function untilAnnounced(announced: () => Promise<Uint8Array>, { link, signal, log }: RouteContext) {
  const backoff = new Backoff()
  for (let attempt = 1; ; attempt++) {
    await link.whenUp(signal)
    const found = await announced().catch(() => undefined)
    if (found !== undefined) return found
    if (attempt === 1) log('waits for a bridge that offers the procedures')
    await setTimeout(backoff.next(), undefined, { signal })
  }
}

/** @throws Error for bytes that describe no API */
function apiIn(bytes: Uint8Array): ApiDescriptor {
  try {
    return proceduresIn(Uint8Array.from(bytes), 0)
  } catch {
    throw new Error('the service describes no API of memlane.')
  }
}
