/**
 * Runs a part of one trial of the suite `call`.
 *
 *   node --import tsx call.trial.ts hub TRIAL      starts the server and the other clients, is the first client, prints all reports
 *   node --import tsx call.trial.ts server TRIAL   in a process or a worker
 *   node --import tsx call.trial.ts client TRIAL
 */

import { once } from 'node:events'
import type { StartedSpoke } from '../roles/spoke.js'
import { startProgram, startWorkerProgram } from '../roles/spoke.js'
import { Stopwatch } from '../roles/stopwatch.js'
import type { RoleReport, TrialReport } from '../trial.js'
import { callPeers } from './call-peers.js'
import type { CallTrial } from './call-trial.js'
import { measureCalls } from './measure-calls.js'

const [role, json = ''] = process.argv.slice(2)
const trial = JSON.parse(json) as CallTrial
const file = new URL(import.meta.url)
const found = callPeers[trial.peer]
if (found === undefined) throw new Error(`there is no peer ${trial.peer}`)
const peer = found

if (role === 'hub') await runHub()
else if (role === 'server') await runServer()
else await runClient()

async function runHub(): Promise<void> {
  const server = startServer()
  await server.ready
  const clients = Array.from({ length: trial.clients - 1 }, (_, index) =>
    startProgram(file, ['client', json], `client ${index + 1}`),
  )
  const caller = await peer.connect(trial, server)
  await Promise.all(clients.map(({ ready }) => ready))
  for (const each of [server, ...clients]) each.go()
  const hub = await measureCalls(trial, caller)
  const others = await Promise.all(clients.map(({ report }) => report))
  for (const client of clients) client.release()
  await caller.close()
  server.release()
  const report: TrialReport = { hub, spokes: [...others, await server.report] }
  console.log(JSON.stringify(report))
}

function startServer(): StartedSpoke {
  const given = ['server', json]
  if (peer.place === 'worker') return startWorkerProgram(file, given, 'the server')
  return startProgram(file, given, 'the server', peer.place === 'child' ? 'advanced' : undefined)
}

/** Serves until the hub's end. */
async function runServer(): Promise<void> {
  const close = await peer.serve(trial)
  const stopwatch = new Stopwatch()
  const released = once(process.stdin, 'end')
  process.stdin.resume()
  console.log('ready')
  await released
  console.log(JSON.stringify(stopwatch.stop(0)))
  await close()
}

async function runClient(): Promise<void> {
  const caller = await peer.connect(trial)
  let report: RoleReport | undefined
  const released = once(process.stdin, 'end').then(() => {
    if (report === undefined) process.exit(1) // the hub is dead
  })
  console.log('ready')
  await once(process.stdin, 'data')
  report = await measureCalls(trial, caller)
  console.log(JSON.stringify(report))
  await released
  await caller.close()
}
