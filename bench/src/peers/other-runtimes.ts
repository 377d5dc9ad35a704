/** memlane in Bun and in Deno: the same programs as in Node, with hub and spokes in that runtime. */

import { fileURLToPath } from 'node:url'
import type { Peer } from '../peer.js'
import { FLAGS, type Runtime } from '../trial.js'
import { memlane } from './memlane.js'

const ENDPOINT = fileURLToPath(new URL('../roles/endpoint.trial.ts', import.meta.url))
const BINARIES = new URL('../../../scripts/runtimes/binaries.mjs', import.meta.url)

function inRuntime(runtime: Exclude<Runtime, 'node'>): Peer {
  let program = ''
  return {
    name: runtime,
    summary: `memlane in ${runtime === 'bun' ? 'Bun' : 'Deno'} (only if named)`,
    special: true,
    variants: {
      throughput: ['in place', 'batch in place', 'objects', 'event loop'],
      'round-trip': ['in place, spin', 'in place, park'],
      'event-loop': ['event loop, adaptive', 'event loop, spin', 'event loop, park'],
      parked: ['event loop, adaptive', 'event loop, park', 'in place, park'],
    },
    isWorthwhile: ({ payload }) => payload === 32,
    async prepare() {
      const { binaryOf } = await import(BINARIES.href)
      program = binaryOf(runtime)
    },
    command: (trial) => [program, ...FLAGS[runtime], ENDPOINT, 'hub', JSON.stringify({ ...trial, peer: memlane.name })],
  }
}

export const bun = inRuntime('bun')
export const deno = inRuntime('deno')
