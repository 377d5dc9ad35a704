/** Something that a check of the servers has found. */
export interface ServerFinding {
  /** With `error`, the bridge or one of its routes cannot work. */
  readonly severity: 'error' | 'warning' | 'note'
  readonly code: 'SERVER' | 'JETSTREAM' | 'STREAM' | 'BUCKET' | 'PERMISSION'
  /** The route that it is about, such as `stream-out quotes`. */
  readonly route?: string
  /** Says what is wrong, and what to do. */
  readonly message: string
}
