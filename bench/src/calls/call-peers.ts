import { birpcCalls } from './birpc-calls.js'
import type { CallPeer } from './call-peer.js'
import { childProcessCalls } from './child-process-calls.js'
import { comlinkCalls } from './comlink-calls.js'
import { grpcCalls } from './grpc-calls.js'
import { httpCalls } from './http-calls.js'
import { memlaneCalls } from './memlane-calls.js'
import { socketCalls } from './socket-calls.js'
import { zeromqCalls } from './zeromq-calls.js'

/** The peers whose clients and servers run in Node, by name. */
export const callPeers: Readonly<Record<string, CallPeer>> = {
  memlane: memlaneCalls,
  'unix socket': socketCalls,
  child_process: childProcessCalls,
  birpc: birpcCalls,
  comlink: comlinkCalls,
  'grpc-js': grpcCalls,
  zeromq: zeromqCalls,
  HTTP: httpCalls,
}
