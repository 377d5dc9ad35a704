/** The routes of a configuration: one kind for each shape and direction. */

import { z } from 'zod'

const name = z.string().min(1)
const subject = z.string().min(1)
const streamName = z
  .string()
  .regex(/^[^\s.*>/\\]{1,255}$/, { error: 'a name of JetStream has no spaces, ".", "*", ">", "/" and "\\"' })

/** How a value travels. */
const encoding = z.enum(['json', 'messagepack', 'raw'])

/** Creates the stream of JetStream if it is missing. Without it, a missing stream is an error. */
const creation = z.strictObject({
  replicas: z.int().min(1).max(5).default(1),
  storage: z.enum(['file', 'memory']).default('file'),
  maxBytes: z.int().min(1).optional(),
  maxAgeMs: z.int().min(1).optional(),
  /** How long JetStream recognises a message that comes twice. */
  duplicateWindowMs: z.int().min(100).default(120_000),
})

/** What to do if the network is slower than the producers. */
const overrun = {
  onOverrun: z.enum(['block', 'drop', 'spill']).default('drop'),
  /** The most bytes that wait in the spill file. */
  maxSpillBytes: z
    .int()
    .min(65_536)
    .default(2 ** 30),
}

const streamOut = z.strictObject({
  kind: z.literal('stream-out'),
  /** The memory, or a pattern with `*`: each match gets a route of its own. */
  name,
  /** Each `{name}` stands for the name, `{lane}` for the number of the producer's lane. */
  subject,
  jetstream: streamName,
  create: creation.optional(),
  encoding: encoding.default('json'),
  /** Publishes without an answer at a time. */
  window: z.int().min(1).max(65_536).default(512),
  ...overrun,
})

/** The dimensions of a stream that the bridge creates. */
const localStream = {
  capacity: z.int().optional(),
  maxProducers: z.int().optional(),
  maxConsumers: z.int().optional(),
  overflow: z.enum(['wait', 'overwrite']).optional(),
  withoutConsumers: z.enum(['keep-latest', 'wait']).optional(),
}

const streamIn = z.strictObject({
  kind: z.literal('stream-in'),
  /** The memory. `{1}`, `{2}`, … stand for what the wildcards of `subject` have matched. */
  name,
  subject,
  jetstream: streamName,
  /** The durable consumer of JetStream. Default: made of the origin and the name. */
  durable: streamName.optional(),
  /** Names that the bridge may create: patterns with `*`. Default: `name`, if it has no `{…}`. */
  allow: z.array(name).optional(),
  /** A file with the schema's descriptor. Default: the schema that the sending bridge has announced. */
  schemaFile: z.string().min(1).optional(),
  window: z.int().min(1).max(65_536).default(2048),
  ...localStream,
})

const latestOut = z.strictObject({
  kind: z.literal('latest-out'),
  name,
  bucket: streamName,
  /** The key in the bucket. `{name}` and `{key}` stand for the memory and the key of a board. */
  key: z.string().min(1).default('{name}.{key}'),
  encoding: encoding.default('json'),
  create: creation.omit({ duplicateWindowMs: true }).optional(),
  /** At most one value per key in so many milliseconds. */
  minIntervalMs: z.int().min(0).default(0),
})

const latestIn = z.strictObject({
  kind: z.literal('latest-in'),
  name,
  bucket: streamName,
  key: z.string().min(1).default('{name}.{key}'),
  schemaFile: z.string().min(1).optional(),
})

const queueOut = z.strictObject({
  kind: z.literal('queue-out'),
  name,
  subject,
  jetstream: streamName,
  create: creation.optional(),
  encoding: encoding.default('json'),
  window: z.int().min(1).max(4096).default(64),
})

const queueIn = z.strictObject({
  kind: z.literal('queue-in'),
  name,
  subject,
  jetstream: streamName,
  durable: streamName.optional(),
  schemaFile: z.string().min(1).optional(),
  /** Messages that wait in the local queue beyond those that workers have. */
  prefetch: z.int().min(1).max(4096).default(1),
  /** How long JetStream waits for a sign of life of this bridge before it gives its messages to another one. */
  ackWaitMs: z.int().min(1000).default(30_000),
  capacity: z.int().optional(),
  maxMessageLength: z.int().optional(),
  maxDeliveries: z.int().optional(),
})

const callOut = z.strictObject({
  kind: z.literal('call-out'),
  name,
  /** The service's endpoints: `{procedure}` stands for the procedure. */
  subject: subject.default('{name}.{procedure}'),
  /** The procedures that others may call: patterns with `*`. */
  allow: z.array(name).default(['*']),
  encoding: encoding.default('json'),
  concurrency: z.int().min(1).default(256),
})

const callIn = z.strictObject({
  kind: z.literal('call-in'),
  name,
  subject: subject.default('{name}.{procedure}'),
  schemaFile: z.string().min(1).optional(),
  encoding: encoding.default('json'),
  /** The longest wait for an answer if a call has no deadline. */
  timeoutMs: z.int().min(1).default(10_000),
})

export const routeSchema = z.discriminatedUnion('kind', [
  streamOut,
  streamIn,
  latestOut,
  latestIn,
  queueOut,
  queueIn,
  callOut,
  callIn,
])

export type RouteConfig = z.output<typeof routeSchema>
export type RouteKind = RouteConfig['kind']
/** The configuration of one kind of route. */
export type RouteConfigOf<Kind extends RouteKind> = Extract<RouteConfig, { readonly kind: Kind }>
export type CreationConfig = z.output<typeof creation>
export type WireEncoding = z.output<typeof encoding>
