/** What the processes of a trial of the suite `bridge` tell each other. */

export type Encoding = 'json' | 'messagepack' | 'raw'

/** The programs of a trial. Each is a process of its own, beside nats-server. */
export type Role = 'producer' | 'bridge out' | 'bridge in' | 'consumer' | 'publisher' | 'subscriber'

/** Messages from one process to another one through JetStream. */
export interface CarryTrial {
  /** `memlane`: producer, bridge, server, bridge, consumer. `NATS`: publisher, server, subscriber. */
  readonly peer: 'memlane' | 'NATS'
  readonly payload: number
  readonly encoding: Encoding
  readonly warmUpMs: number
  readonly measuredMs: number
}

/** What a process of a trial needs to know. */
export interface RoleTask {
  readonly role: Role
  readonly trial: Pick<CarryTrial, 'payload' | 'encoding'>
  readonly stream: string
  readonly url: string
  /** For `parseConfig` of `@memlane/nats`. */
  readonly config?: object
}

export interface CarryReport {
  /** At full rate, counted by the receiver. */
  readonly messagesPerSecond: number
  /** From the sender to the receiver, at `LAG_RATE`, in us. */
  readonly lagUs: { readonly p50: number; readonly p99: number }
  /** CPU time of each process for a message at full rate, user and system, in ns. */
  readonly processorNs: Readonly<Record<string, number>>
}

/** Messages a second while the lag is measured. */
export const LAG_RATE = 1000

/** Publishes in flight; the default of a route. */
export const WINDOW = 512
/** Messages that JetStream sends ahead; the default of a route. */
export const AHEAD = 2048
/** The stream of JetStream of a trial, and its subject. */
export const JETSTREAM = 'TRIAL'
export const SUBJECT = 'trial.0'

/** A producer beside a bridge whose server is killed. */
export interface DeadNetworkTrial {
  readonly onOverrun: 'block' | 'drop' | 'spill'
  /** How long the producer sends at full rate, with the server and then without it. */
  readonly measuredMs: number
}

export interface DeadNetworkReport {
  /** What the producer has sent, in messages a second. */
  readonly alivePerSecond: number
  readonly deadPerSecond: number
  readonly sent: number
  readonly stored: number
  readonly dropped: number
  readonly spilled: number
  /** Stored messages that are not behind all that were sent before them. */
  readonly disordered: number
  /** From the server's return until all messages were stored, in ms. */
  readonly recoveryMs: number
}
