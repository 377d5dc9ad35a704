/** Sends requests to the HTTP server at a port of this machine, eight at a time, until standard input ends. */

import { Agent, get } from 'node:http'

const CONNECTIONS = 8
const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

function request() {
  get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', request)).on('error', () =>
    process.exit(),
  )
}

process.stdin.on('end', () => process.exit()).resume()
for (let connection = 0; connection < CONNECTIONS; connection++) request()
