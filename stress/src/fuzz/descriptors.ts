/** Headers and descriptors: the bytes that are read before the shape of a stream is known. */

import { isDeepStrictEqual } from 'node:util'
import {
  codecFromDescriptor,
  codecOf,
  Difference,
  decodeDescriptor,
  encodeDescriptor,
  hashDescriptor,
  newChannelHeader,
  projectCodec,
  readChannelHeader,
  streamShape,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { oneOf, type Random } from '@memlane/testing/random'
import { below, hostileWord, scribble } from './mutation.js'
import { Event } from './payloads.js'

const schema = encodeDescriptor(Event.descriptor)
const HEADER_LENGTH = 80
const dimensions = [
  { capacity: 65_536, maxProducers: 1, maxConsumers: 1 },
  { capacity: 2 ** 20, maxProducers: 64, maxConsumers: 32 },
]
const headers = dimensions.map((dimension) => {
  const fields = { ...dimension, overflow: 'wait', withoutConsumers: 'wait' } as const
  const header = newChannelHeader(streamShape, fields, schema, new Uint8Array(16).fill(7))
  const buffer = new ArrayBuffer(header.controlLength)
  writeChannelHeader(buffer, streamShape, header, schema)
  return { bytes: new Uint8Array(buffer, 0, HEADER_LENGTH).slice(), length: header.length }
})

export function runHeader(random: Random): number {
  const { bytes, length } = oneOf(random, headers)
  const memory = bytes.slice(0, random() < 0.1 ? below(random, HEADER_LENGTH + 1) : HEADER_LENGTH)
  // Usually after the magic word and the version.
  scribble(random, random() < 0.2 ? memory : memory.subarray(32), 3, [1, 2, 65_536, length, schema.length])
  const memoryLength = random() < 0.2 ? hostileWord(random, [length]) >>> 0 : length
  const header = readChannelHeader(memory.buffer, memoryLength, streamShape)
  if (header === undefined) return 0
  const { schemaOffset, schemaLength, controlLength, capacity, maxProducers } = header
  const fits = schemaOffset + schemaLength <= controlLength && controlLength + capacity * maxProducers <= memoryLength
  if (!fits) throw new Error(`accepted: ${JSON.stringify({ ...header, schemaHash: undefined })}`)
  return 1
}

const KEYS = ['kind', 'members', 'payload', 'length', '__proto__', 'constructor', '', '0', 'ü']
const VALUES = [null, true, -1, 2 ** 53, 1e308, '', 'struct', '\u0000', [], {}, [[]]]

/** Changes a random node of a tree. */
function changeTree(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.15) return oneOf(random, VALUES)
  const entries = Object.entries(value)
  if (entries.length > 0 && random() < 0.8) {
    const entry = oneOf(random, entries)
    if (random() < 0.2) entry[0] = oneOf(random, KEYS)
    else entry[1] = changeTree(random, entry[1])
  } else entries.push([oneOf(random, KEYS), oneOf(random, VALUES)])
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

export function runDescriptor(random: Random): number {
  let text = JSON.stringify(Event.descriptor)
  for (let left = below(random, 3); left > 0; left--) text = JSON.stringify(changeTree(random, JSON.parse(text)))
  if (random() < 0.05) text = `${'['.repeat(10_000)}${text}${']'.repeat(10_000)}`
  const bytes = new TextEncoder().encode(text)
  if (random() < 0.6) scribble(random, bytes, 2)
  const length = random() < 0.1 ? below(random, bytes.length + 1) : bytes.length
  const descriptor = decodeDescriptor(bytes.subarray(0, length))
  hashDescriptor(bytes.subarray(0, 64))
  if (length < 10_000) {
    const again = decodeDescriptor(encodeDescriptor(descriptor as typeof Event.descriptor))
    const written = JSON.parse(JSON.stringify(descriptor)) // numbers that are too large become null
    if (!isDeepStrictEqual(again, written)) throw new Error(`encoded and decoded again: ${JSON.stringify(again)}`)
  }
  // One that is nested so deeply cannot be encoded, and must be refused as it is.
  const isShort = length < 10_000
  const found = isShort ? encodeDescriptor(descriptor as typeof Event.descriptor) : bytes.slice(0, length)
  return readByDescriptor(random, found)
}

/** Reads random bytes as messages of a schema that a process found in the memory: without a schema of its own, and with one. */
function readByDescriptor(random: Random, bytes: Uint8Array): number {
  const codec = codecFromDescriptor(bytes, 0)
  const projected = projectCodec(codec.descriptor, codecOf(Event))
  const memory = new Uint8Array(4096)
  scribble(random, memory, 20)
  const data = new DataView(memory.buffer)
  data.setUint32(0, below(random, 8), true)
  const length = Math.min(codec.fixedLength ?? below(random, memory.length + 1), memory.length)
  codec.decode(data, 0, length)
  if (!(projected instanceof Difference)) projected.readonlyView?.(data).at(0, length)
  return 1
}
