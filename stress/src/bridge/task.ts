/** What run.ts starts on the machines. Each process gets its task as JSON in its only argument, and prints a line of JSON now and then. */

/** How many producers there are, and how many messages each of them sends. */
export interface Extent {
  readonly authors: number
  readonly perAuthor: number
}

/** Sends its messages, then waits until all are acknowledged. */
export interface ProducerTask {
  readonly role: 'producer'
  readonly stream: string
  readonly author: number
  readonly messages: number
  /** Messages a second. */
  readonly rate: number
}

/** Accounts for all messages, and sends each on if `to` is a stream. */
export interface ReceiverTask extends Extent {
  readonly role: 'receiver'
  readonly from: string
  readonly to?: string
}

/** Runs a bridge. */
export interface BridgeTask {
  readonly role: 'bridge'
  /** For `parseConfig` of `@memlane/nats`. */
  readonly config: object
}

export type Task = ProducerTask | ReceiverTask | BridgeTask
