import type { LatestInspection, ParticipantInspection, StreamInspection } from '@memlane/inspect'

/** Inspections as `inspect` makes them, for figures that real memory reaches only after billions of messages. */

const participant: ParticipantInspection = {
  slot: 0,
  state: 'alive',
  asleep: false,
  pid: 1,
  command: 'node',
  stopped: false,
}

const channel = {
  name: 'quotes',
  objectName: '/quotes.0',
  length: 4096,
  system: undefined,
  findings: [],
  instance: '0'.repeat(32),
  schema: undefined,
}

/** A stream of structs of 16 bytes. */
export const stream: StreamInspection = {
  ...channel,
  shape: 'stream',
  schema: {
    name: 'Quote',
    descriptor: { kind: 'payload', encoding: 'bytes' },
    hash: '0'.repeat(16),
    rows: [{ path: '', type: 'struct Quote', offset: 0, length: 16 }],
    typescript: '',
  },
  geometry: {
    overflow: 'wait',
    withoutConsumers: 'wait',
    capacity: 1024,
    maxMessageLength: 64,
    maxProducers: 4,
    maxConsumers: 8,
    controlLength: 512,
  },
  producers: [{ ...participant, sent: 0, sentBytes: 0, heldBytes: 0 }],
  consumers: [],
  figures: { sent: 0, sentBytes: 0, lagBytes: undefined, lagMessages: undefined },
}

export const latest: LatestInspection = {
  ...channel,
  shape: 'latest',
  geometry: {
    keyCount: 1,
    cellCount: 3,
    maxReaders: 8,
    maxMessageLength: 64,
    controlLength: 512,
    cellsLength: 1024,
  },
  writer: undefined,
  readers: [],
  keys: [],
  figures: { set: 0, ageMs: undefined },
}
