import type { MessageObject } from '../roles/message-object.js'
import type { StartedSpoke } from '../roles/spoke.js'
import type { CallTrial } from './call-trial.js'

/** Something that calls functions in another process or thread. */
export interface CallPeer {
  /**
   * Where the server runs:
   *
   *   process  in a process of its own. Any client finds it by name
   *   child    in a child of the only client, with Node's own channel
   *   worker   in a worker of the only client
   */
  readonly place: 'process' | 'child' | 'worker'
  /** Called in the server. Resolves when clients can call. Returns what ends the server. */
  serve(trial: CallTrial): Promise<() => unknown>
  /** Called in each client, when the server is ready. */
  connect(trial: CallTrial, server?: StartedSpoke): Promise<Caller>
}

/** A client. */
export interface Caller {
  /** Makes call number `sequence`, and checks its answer. Undefined if it has blocked the thread. */
  call(sequence: number): Promise<unknown> | undefined
  /** Begins a streamed answer, whose parts are numbered from 0 on. They are not checked yet. */
  parts?(): AsyncIterable<MessageObject>
  close(): unknown
}
