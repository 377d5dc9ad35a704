/** The routes of a configuration: one kind for each shape and direction. The descriptions are those that editors show. */

import { z } from 'zod'
import { wildcardsIn } from '../message/subject-map.js'
import { bucketName, jetstreamName, memoryName, template } from './route-texts.js'

const encoding = z.enum(['json', 'messagepack', 'raw']).default('json').describe('How a value travels.')
const schemaFile = z
  .string()
  .min(1)
  .optional()
  .describe(
    'A file of JSON: the descriptor of the schema, as memlane info NAME --json prints it. Default: the schema that the sending bridge has announced.',
  )

const creation = z
  .strictObject({
    replicas: z.int().min(1).max(5).default(1).describe('Servers of the cluster that store each message.'),
    storage: z.enum(['file', 'memory']).default('file'),
    maxBytes: z.int().min(1).optional().describe('The most bytes that JetStream keeps. Default: no limit.'),
    maxAgeMs: z.int().min(1).optional().describe('How long JetStream keeps a message. Default: no limit.'),
    duplicateWindowMs: z
      .int()
      .min(100)
      .default(120_000)
      .describe('How long JetStream recognises a message that comes twice, in milliseconds.'),
  })
  .describe('Creates the stream of JetStream if it is missing. Without it, a missing stream is an error.')

const streamOut = z.strictObject({
  kind: z.literal('stream-out').describe('Publishes the messages of a local stream.'),
  name: memoryName('The stream, or a pattern with *: each match gets a route of its own.'),
  subject: template(
    'subject-out',
    ['name', 'lane'],
    'Where to publish. {name} stands for the name, {lane} for the number of the producer.',
  ),
  jetstream: jetstreamName('The stream of JetStream that stores the subject.'),
  create: creation.optional(),
  encoding,
  window: z.int().min(1).max(65_536).default(512).describe('Publishes without an answer at a time.'),
  onOverrun: z
    .enum(['block', 'drop', 'spill'])
    .default('drop')
    .describe(
      'What happens if the network is slower than the producers: block makes them wait, drop loses messages, spill writes them to a file.',
    ),
  maxSpillBytes: z
    .int()
    .min(65_536)
    .default(2 ** 30)
    .describe('The most bytes that wait in the spill file.'),
})

const streamIn = z
  .strictObject({
    kind: z.literal('stream-in').describe('Takes messages from JetStream into a local stream.'),
    name: memoryName(
      'The stream, which the bridge creates. {1}, {2}, … stand for what the wildcards of subject match.',
    ),
    subject: template('subject-in', [], 'Which messages to take: a subject, which may have wildcards.'),
    jetstream: jetstreamName('The stream of JetStream that stores the subject.'),
    durable: jetstreamName('The durable consumer of JetStream. Default: made of the origin and the name.').optional(),
    allow: z
      .array(memoryName('A name, or a pattern with *.'))
      .optional()
      .describe('Names that the bridge may create. It must be there if name has {1}.'),
    schemaFile,
    window: z.int().min(1).max(65_536).default(2048).describe('Messages that JetStream sends ahead.'),
    capacity: z.int().optional().describe('Bytes of each lane, as in createStream.'),
    maxProducers: z.int().optional().describe('As in createStream.'),
    maxConsumers: z.int().optional().describe('As in createStream.'),
    overflow: z.enum(['wait', 'overwrite']).optional().describe('As in createStream.'),
    withoutConsumers: z.enum(['keep-latest', 'wait']).optional().describe('As in createStream.'),
  })
  .check(({ value, issues }) => {
    const places = [...value.name.matchAll(/\{([a-z0-9]+)\}/g)].map(([, place]) => place as string)
    const count = wildcardsIn(value.subject)
    const wrong = places.find((place) => !/^[1-9]\d?$/.test(place) || Number(place) > count)
    if (wrong !== undefined) {
      const message = `has {${wrong}}, but the subject "${value.subject}" has ${count === 0 ? 'no wildcard' : `wildcards 1 to ${count}`}`
      issues.push({ code: 'custom', path: ['name'], message, input: value.name })
    } else if (places.length > 0 && value.allow === undefined) {
      const message = 'is missing: it lists the names that messages from the network may create, such as ["quotes-*"]'
      issues.push({ code: 'custom', path: ['allow'], message, input: value.allow })
    }
  })

const latestOut = z.strictObject({
  kind: z.literal('latest-out').describe('Puts the values of a local latest into a bucket.'),
  name: memoryName('The latest, or a pattern with *: each match gets a route of its own.'),
  bucket: bucketName('The key-value bucket.'),
  key: template(
    'key',
    ['name', 'key'],
    'The key in the bucket. {name} stands for the name, {key} for the key of a board.',
  ).default('{name}.{key}'),
  encoding,
  create: creation.omit({ duplicateWindowMs: true }).optional().describe('Creates the bucket if it is missing.'),
  minIntervalMs: z.int().min(0).default(0).describe('At most one value for each key in so many milliseconds.'),
})

const latestIn = z.strictObject({
  kind: z.literal('latest-in').describe('Sets a local latest to the values of a bucket.'),
  name: memoryName('The latest, which the bridge creates.'),
  bucket: bucketName('The key-value bucket.'),
  key: template('key', ['name', 'key'], 'The key in the bucket, as in latest-out.').default('{name}.{key}'),
  schemaFile,
})

const queueOut = z.strictObject({
  kind: z.literal('queue-out').describe('Moves the jobs of a local queue to JetStream.'),
  name: memoryName('The queue, or a pattern with *: each match gets a route of its own.'),
  subject: template('subject-out', ['name'], 'Where to publish. {name} stands for the name.'),
  jetstream: jetstreamName('The stream of JetStream that stores the subject.'),
  create: creation.optional(),
  encoding,
  window: z.int().min(1).max(4096).default(64).describe('Publishes without an answer at a time.'),
})

const queueIn = z.strictObject({
  kind: z.literal('queue-in').describe('Moves jobs from JetStream to the workers of a local queue.'),
  name: memoryName('The queue, which the bridge creates.'),
  subject: template('subject-in', ['name'], 'Which messages to take: a subject, which may have wildcards.'),
  jetstream: jetstreamName('The stream of JetStream that stores the subject.'),
  durable: jetstreamName(
    'The durable consumer of JetStream. Bridges that share the jobs have the same. Default: made of the subject.',
  ).optional(),
  schemaFile,
  prefetch: z
    .int()
    .min(1)
    .max(4096)
    .default(1)
    .describe('Messages that wait in the local queue beyond those that workers have.'),
  ackWaitMs: z
    .int()
    .min(1000)
    .default(30_000)
    .describe(
      'How long JetStream waits for a sign of life of this bridge before it gives its messages to another one.',
    ),
  capacity: z.int().optional().describe('As in createQueue.'),
  maxMessageLength: z.int().optional().describe('As in createQueue.'),
  maxDeliveries: z.int().optional().describe('As in createQueue.'),
})

const callOut = z.strictObject({
  kind: z.literal('call-out').describe('Offers the procedures of a local server to callers on NATS.'),
  name: memoryName('The memory of the calls, or a pattern with *: each match gets a route of its own.'),
  subject: template(
    'subject-out',
    ['name', 'procedure'],
    'The endpoints of the service. {name} stands for the name, {procedure} for the procedure.',
  ).default('{name}.{procedure}'),
  allow: z
    .array(z.string().min(1))
    .default(['*'])
    .describe('The procedures that others may call: names, or patterns with *.'),
  encoding: encoding.describe('How the values of requests travel that name no type of content, and of their answers.'),
  concurrency: z
    .int()
    .min(1)
    .default(256)
    .describe('Calls that run at a time. The bridge refuses others: their callers can try again.'),
})

const callIn = z.strictObject({
  kind: z.literal('call-in').describe('Answers local calls by a service on NATS.'),
  name: memoryName('The memory of the calls, which the bridge serves.'),
  subject: template('subject-out', ['name', 'procedure'], 'The endpoints of the service, as in call-out.').default(
    '{name}.{procedure}',
  ),
  schemaFile: schemaFile.describe(
    "A file with the descriptor of the API. Default: the API that the other machine's bridge offers.",
  ),
  encoding,
  timeoutMs: z
    .int()
    .min(1)
    .default(10_000)
    .describe(
      'How long a call without a deadline waits for a service that takes it, in milliseconds. Also how long a service of another program may be silent.',
    ),
  capacity: z.int().optional().describe('As in serve.'),
  maxRequestLength: z.int().optional().describe('As in serve.'),
  maxAnswerLength: z.int().optional().describe('As in serve.'),
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

/** The checked configuration of a route. */
export type RouteConfig = z.output<typeof routeSchema>
type RouteKind = RouteConfig['kind']
/** The configuration of one kind of route. */
export type RouteConfigOf<Kind extends RouteKind> = Extract<RouteConfig, { readonly kind: Kind }>
export type CreationConfig = z.output<typeof creation>
export type WireEncoding = z.output<typeof encoding>
