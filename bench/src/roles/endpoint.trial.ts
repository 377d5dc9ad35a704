/**
 * Runs the hub or a spoke of one trial of a peer in Node.
 *
 *   node --import tsx endpoint.trial.ts hub TRIAL          starts the spokes, prints all reports
 *   node --import tsx endpoint.trial.ts spoke TRIAL INDEX
 */

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { nodePeers } from '../peers/node-peers.js'
import type { Trial, TrialReport } from '../trial.js'
import { startHttpServer } from './http-server.js'

const [side, json = '', index] = process.argv.slice(2)
const trial = JSON.parse(json) as Trial
const peer = nodePeers.find(({ name }) => name === trial.peer)
if (peer === undefined) throw new Error(`there is no peer ${trial.peer}`)

if (side === 'hub') {
  const hub = await peer.roles.hub(trial)
  await Promise.all(hub.spokes.map(({ ready }) => ready))
  for (const spoke of hub.spokes) spoke.go()
  await setImmediate() // Bun writes to the spokes only in the event loop, which the hub may block
  const report: TrialReport = {
    hub: await hub.run(),
    spokes: await Promise.all(hub.spokes.map(({ report }) => report)),
  }
  for (const spoke of hub.spokes) spoke.release()
  await hub.close()
  console.log(JSON.stringify(report))
} else {
  const spoke = await peer.roles.spoke(trial, Number(index))
  let done = false
  const released = once(process.stdin, 'end').then(() => {
    if (!done) process.exit(1) // the hub is dead
  })
  console.log('ready')
  await once(process.stdin, 'data')
  const http = trial.http ? await startHttpServer() : undefined
  const report = await spoke.run()
  console.log(JSON.stringify(http === undefined ? report : { ...report, httpRequests: http.requests }))
  http?.close()
  done = true
  await released
  await spoke.close()
}
