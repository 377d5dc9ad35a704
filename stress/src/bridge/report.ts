import type { Audit } from './audit.js'
import type { FaultName } from './faults.js'
import type { ReceiptsReport } from './receipts.js'

/** What run.ts plays. */
export interface RunTask {
  readonly seed: number
  readonly isCluster: boolean
  readonly messages: number
  readonly authors: number
  /** Messages a second. */
  readonly rate: number
  readonly kills: number
  readonly cuts: number
  readonly stops: number
  /** Tells each fault on standard error as it begins. */
  readonly verbose: boolean
}

export interface BridgeReport {
  readonly seed: number
  readonly seconds: number
  readonly isCluster: boolean
  /** That were to be sent. */
  readonly messages: number
  /** Nothing arrived any more, although not all had arrived. */
  readonly hung: boolean
  /** What JetStream tells of its consumers then. */
  readonly stuck?: unknown
  readonly faults: Readonly<Partial<Record<FaultName, number>>>
  /** What the receivers of the two machines got. */
  readonly there: ReceiptsReport
  readonly back: ReceiptsReport
  /** What JetStream has stored on the way there and back. */
  readonly stored: { readonly there: Audit; readonly back: Audit }
  /** The figures of the routes, over all lives of each bridge. */
  readonly bridges: { readonly a: object; readonly b: object }
  /** When each fault began, and what the bridges have logged. */
  readonly log: { readonly faults: readonly string[]; readonly a: readonly string[]; readonly b: readonly string[] }
}
