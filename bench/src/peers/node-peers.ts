import { childProcess } from './child-process.js'
import { memlane } from './memlane.js'
import { messagePort } from './message-port.js'
import type { NodePeer } from './node-peer.js'
import { unixSocket } from './unix-socket.js'
import { zeromq } from './zeromq.js'

/** The peers that run in Node, in the order of the tables. */
export const nodePeers: readonly NodePeer[] = [memlane, unixSocket, childProcess, messagePort, zeromq]
