import type { Overflow, QueueFigures, WithoutConsumers } from '@memlane/protocol'
import type { Finding } from './finding.js'
import type { ParticipantInspection } from './participant-inspection.js'
import type { SchemaInspection } from './schema-inspection.js'

/**
 * What a look at one memory has found. `shape` tells which properties it has. Keys are stable. Counters of the memory have 32 bits, and
 * wrap at 2^32: subtract two of them with `>>> 0`.
 */
export type Inspection =
  | StreamInspection
  | LatestInspection
  | QueueInspection
  | CallInspection
  | BytesInspection
  | UnreadableInspection

/** What is known of every memory. */
export interface MemoryInspection {
  /** The name that opens it here. */
  readonly name: string
  /** The system's name for it. */
  readonly objectName: string
  /** Bytes of the whole memory. Undefined if it cannot be opened, and the system does not tell. */
  readonly length: number | undefined
  /** What the system tells of the memory; undefined if it does not list it. */
  readonly system: SystemInspection | undefined
  /** Participants that are stuck, the ones that wait for them, and damage. The worst comes first. */
  readonly findings: readonly Finding[]
}

/** What the system tells of a memory: see `SharedMemory.list`. */
export interface SystemInspection {
  /** User id. Not on Windows. */
  readonly owner: string | undefined
  /** Permission bits. Not on Windows. */
  readonly mode: number | undefined
  /** Open handles, without that of this look. Only on Linux. */
  readonly holders: number | undefined
  /** Processes that hold it. Only on Linux. */
  readonly pids: readonly number[]
  /** `handles`: it goes with its last handle. `unlink`: it stays until it is unlinked. */
  readonly lifetime: 'handles' | 'unlink'
}

/** What all channels have. */
export interface ChannelInspection extends MemoryInspection {
  readonly length: number
  /** Tells this memory from an earlier or a later one of the same name: 32 hexadecimal digits. */
  readonly instance: string
  /** Undefined if the memory holds no valid schema: then a finding says what is wrong. */
  readonly schema: SchemaInspection | undefined
}

/** A stream. */
export interface StreamInspection extends ChannelInspection {
  readonly shape: 'stream'
  readonly geometry: StreamGeometry
  readonly producers: readonly StreamProducerInspection[]
  readonly consumers: readonly StreamConsumerInspection[]
  readonly figures: StreamFigures
}

/** The sizes and options of a stream. */
export interface StreamGeometry {
  readonly overflow: Overflow
  readonly withoutConsumers: WithoutConsumers
  /** Bytes of each producer's lane. */
  readonly capacity: number
  /** Bytes of the longest message. */
  readonly maxMessageLength: number
  readonly maxProducers: number
  readonly maxConsumers: number
  /** Bytes before the first lane. */
  readonly controlLength: number
}

/** A producer of a stream, and its lane. */
export interface StreamProducerInspection extends ParticipantInspection {
  /** Messages sent through this lane since the stream was created, by this producer and its predecessors. Wraps. */
  readonly sent: number
  /** Bytes sent, with 8 bytes for each message and padding. Wraps. */
  readonly sentBytes: number
  /** Bytes in the lane that the slowest live consumer has not taken. 0 without consumers, and with `overflow: 'overwrite'`. */
  readonly heldBytes: number
}

/** A consumer of a stream. */
export interface StreamConsumerInspection extends ParticipantInspection {
  /** False while it joins. */
  readonly ready: boolean
  /**
   * Bytes that it has not given back, of all lanes. A busy consumer gives room back in portions of up to an eighth of a lane, so the
   * number can be that much too high. With `overflow: 'overwrite'` consumers do not report where they are: undefined.
   */
  readonly lagBytes: number | undefined
  /** The same, in messages. Undefined also if the memory does not tell. */
  readonly lagMessages: number | undefined
  /** The same, for each lane in which it lags. */
  readonly lanes: readonly LaneLag[]
}

/** How far a consumer is behind in one lane. */
export interface LaneLag {
  /** The slot of the lane's producer. */
  readonly producer: number
  readonly lagBytes: number
  readonly lagMessages: number | undefined
}

/** The sums of a stream. */
export interface StreamFigures {
  /** Messages sent through all lanes since the stream was created. Wraps. */
  readonly sent: number
  /** Bytes sent, with 8 bytes for each message and padding. Wraps. */
  readonly sentBytes: number
  /** The largest lag of a consumer, in bytes and messages; undefined as in StreamConsumerInspection, and without consumers. */
  readonly lagBytes: number | undefined
  readonly lagMessages: number | undefined
}

/** A latest. */
export interface LatestInspection extends ChannelInspection {
  readonly shape: 'latest'
  readonly geometry: LatestGeometry
  /** Undefined if it never had a writer. */
  readonly writer: ParticipantInspection | undefined
  /** Only readers that can sleep have a place. Readers with `access: 'read'` leave no trace. */
  readonly readers: readonly ParticipantInspection[]
  readonly keys: readonly LatestKeyInspection[]
  readonly figures: LatestFigures
}

/** The sizes of a latest. */
export interface LatestGeometry {
  readonly keyCount: number
  /** How many values of a key the memory holds at a time. */
  readonly cellCount: number
  readonly maxReaders: number
  /** Bytes of the longest value whose length varies. */
  readonly maxMessageLength: number
  /** Bytes before the cells. */
  readonly controlLength: number
  /** Bytes of the cells of all keys. */
  readonly cellsLength: number
}

/** One key of a latest. */
export interface LatestKeyInspection {
  /** `value` for the only key. */
  readonly key: string
  /** How many values were set. */
  readonly version: number
  /** Milliseconds since the newest value was set; undefined if none was. */
  readonly ageMs: number | undefined
  /** Bytes of the newest value; undefined if none was set. */
  readonly valueLength: number | undefined
  /** Bytes of the longest possible value, and from one cell to the next. */
  readonly capacity: number
  readonly cellLength: number
}

/** The sums of a latest. */
export interface LatestFigures {
  /** How many values were set, of all keys. */
  readonly set: number
  /** Milliseconds since the newest value of any key was set; undefined if none was. */
  readonly ageMs: number | undefined
}

/** A queue. */
export interface QueueInspection extends ChannelInspection {
  readonly shape: 'queue'
  readonly geometry: QueueGeometry
  readonly producers: readonly QueueProducerInspection[]
  readonly consumers: readonly QueueConsumerInspection[]
  readonly figures: QueueFigures & {
    /** Messages sent since the queue was created. Wraps. */
    readonly sent: number
  }
}

/** The sizes and limits of a queue. */
export interface QueueGeometry {
  /** Slots of each producer. */
  readonly capacity: number
  /** Bytes from one slot to the next. */
  readonly slotLength: number
  readonly maxMessageLength: number
  readonly maxProducers: number
  readonly maxConsumers: number
  /** 0: no limit. */
  readonly maxProcessingMs: number
  readonly maxDeliveries: number
  readonly maxDeadLetters: number
}

/** A producer of a queue, and its slots. */
export interface QueueProducerInspection extends ParticipantInspection {
  /** Messages sent from this place since the queue was created. Wraps. */
  readonly sent: number
  /** Dead letters that it gave up to have a free slot. Wraps. */
  readonly dropped: number
  /** How many of its slots hold a message: waiting, taken, delayed or dead. */
  readonly used: number
}

/** A consumer of a queue. */
export interface QueueConsumerInspection extends ParticipantInspection {
  /** Messages that it has taken and not settled. */
  readonly taken: number
}

/** A channel of calls. */
export interface CallInspection extends ChannelInspection {
  readonly shape: 'call'
  readonly geometry: CallGeometry
  readonly clients: readonly CallClientInspection[]
  readonly servers: readonly CallServerInspection[]
  readonly figures: CallFigures
}

/** The sizes of a channel of calls. */
export interface CallGeometry {
  /** Slots of each client: how many calls it can have at a time. */
  readonly capacity: number
  /** Bytes from one slot to the next. */
  readonly slotLength: number
  readonly maxRequestLength: number
  readonly maxAnswerLength: number
  readonly maxClients: number
  readonly maxServers: number
}

/** A client. */
export interface CallClientInspection extends ParticipantInspection {
  /** Calls made from this place since the memory was created. Wraps. A call can count twice if another one was given up. */
  readonly called: number
  /** Calls that no server has taken, and calls that one has taken. */
  readonly waiting: number
  readonly taken: number
}

/** A server. */
export interface CallServerInspection extends ParticipantInspection {
  /** Calls that it has taken and not answered. */
  readonly taken: number
}

/** The sums of a channel of calls. */
export interface CallFigures {
  /** Calls made since the memory was created. Wraps. */
  readonly called: number
  /** Calls that no server has taken. */
  readonly waiting: number
  /** Calls that servers have taken and not answered. */
  readonly taken: number
}

/** Memory that is no channel: a region, or memory of another program. */
export interface BytesInspection extends MemoryInspection {
  /** `region` if a writer of a region holds its lease. Otherwise `bytes`: a region without a writer looks like that, too. */
  readonly shape: 'region' | 'bytes'
  readonly length: number
  /** The writers of a region. */
  readonly writers: readonly ParticipantInspection[]
  /** The first bytes, up to 64, in hexadecimal. */
  readonly start: string
}

/** Memory that cannot be read. The only finding says why. */
export interface UnreadableInspection extends MemoryInspection {
  readonly shape: 'unreadable'
  /** The error's code: `ACCESS_DENIED`, `VERSION_MISMATCH`, `CORRUPT`, … */
  readonly code: string
}
