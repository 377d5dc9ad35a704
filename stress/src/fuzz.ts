/**
 * Hostile bytes, on plain memory: the control part and the lane of a stream that is in order are changed at random, and then read
 * and written. Allowed are messages, a LayoutError, and an end; not allowed are any other error, and more steps than the lane can have
 * records.
 */

import { writeFileSync } from 'node:fs'
import {
  ConsumerSlot,
  codecOf,
  decodeDescriptor,
  encodeDescriptor,
  f64,
  findEnd,
  hashDescriptor,
  LaneReader,
  LayoutError,
  ProducerSlot,
  payload,
  placesOf,
  readStreamHeader,
  StreamControl,
  struct,
  u32,
  union,
  utf8,
  writeStreamHeader,
} from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import { Command, InvalidArgumentError } from 'commander'
import { type Random, randomFrom } from './kill/random.js'

const CAPACITY = 65_536
const SMALLEST_RECORD = 8
const codec = codecOf(
  union({
    quote: struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 }),
    text: payload.utf8,
    blob: payload.bytes,
    json: payload.json(),
    pack: messagepack(),
  }),
)
const messages = [
  { kind: 'quote', value: { symbol: 'ACME', bid: 10.5, seq: 1 } },
  { kind: 'text', value: 'hällo 👋' },
  { kind: 'blob', value: new Uint8Array(300).fill(9) },
  { kind: 'json', value: { a: [1, 2, { b: null }] } },
  { kind: 'pack', value: [1, 'x', new Uint8Array(2), { y: -1.5 }] },
] as const
const schema = encodeDescriptor(codec.descriptor)
const dimensions = { capacity: CAPACITY, producers: 1, consumers: 2, schemaLength: schema.length }
const places = placesOf(dimensions)

/** Words that are likely to hurt, beside any others. */
const HOSTILE = [
  0,
  -1,
  1,
  2,
  4,
  5,
  6,
  7,
  CAPACITY,
  -CAPACITY,
  0x7fff_ffff,
  -0x8000_0000,
  (CAPACITY << 3) | 1,
  0x10 << 3,
]

export interface FuzzReport {
  cases: number
  seed: number
  /** Cases in which something was refused. */
  refused: number
  /** Messages read. */
  messages: number
  /** Descriptions of what is not allowed. */
  failures: string[]
  seconds: number
}

/** The memory of a stream in order, to copy from. */
function pristine(overflow: 'wait' | 'overwrite') {
  const header = {
    ...dimensions,
    ...places,
    overflow,
    withoutConsumers: 'keep-latest' as const,
    instance: new Uint8Array(16).fill(7),
    schemaHash: hashDescriptor(schema),
  }
  const controlBytes = new ArrayBuffer(places.lanesOffset)
  writeStreamHeader(controlBytes, header, schema)
  const laneBytes = new ArrayBuffer(CAPACITY)
  const control = new StreamControl(controlBytes, header)
  const { lane } = new ProducerSlot(control, 0, laneBytes)
  if (overflow === 'wait') new ConsumerSlot(control, 0).join()
  for (let count = 0; count < 40; count++) send(lane, count)
  return { header, controlBytes: new Uint8Array(controlBytes), laneBytes: new Uint8Array(laneBytes) }
}

function send(lane: ProducerSlot['lane'], number: number): boolean {
  // biome-ignore lint/suspicious/noExplicitAny: a message of any kind
  const message = messages[number % messages.length] as any
  const offset = lane.claim(codec.measure(message))
  if (offset === -1) return false
  lane.commit(codec.encode(lane.data, offset, message))
  return true
}

const originals = { wait: pristine('wait'), overwrite: pristine('overwrite') }
const controlBytes = new ArrayBuffer(places.lanesOffset)
const laneBytes = new ArrayBuffer(CAPACITY)
const controlWords = new Int32Array(controlBytes)
const laneWords = new Int32Array(laneBytes)
/** Of the lane, what the messages fill at first. */
const FILLED_WORDS = 2000

function hostileWord(random: Random): number {
  return random() < 0.6 ? (HOSTILE[Math.floor(random() * HOSTILE.length)] as number) : (random() * 2 ** 32) | 0
}

function scribble(random: Random, words: Int32Array, length: number): void {
  for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
    const place = Math.floor(random() * length)
    if (random() < 0.3) words[place] = (words[place] as number) ^ (1 << Math.floor(random() * 32))
    else words[place] = hostileWord(random)
  }
}

/** One case. Returns how many messages were read; throws what is not allowed, and LayoutErrors. */
function play(random: Random): number {
  const overflow = random() < 0.5 ? 'wait' : 'overwrite'
  const original = originals[overflow]
  new Uint8Array(controlBytes).set(original.controlBytes.subarray(0, CONTROL_USED))
  laneWords.set(new Int32Array(original.laneBytes.buffer, 0, FILLED_WORDS))
  laneWords.fill(0, FILLED_WORDS)
  const inOrder = random() < 0.5
  const target = random()
  if (target < 0.4) scribble(random, laneWords, random() < 0.8 ? FILLED_WORDS : laneWords.length)
  else if (target < 0.7) scribble(random, controlWords, CONTROL_USED >> 2)
  else if (target < 0.8) scribble(random, controlWords, 32)
  else {
    scribble(random, controlWords, CONTROL_USED >> 2)
    scribble(random, laneWords, FILLED_WORDS)
  }

  const header = readStreamHeader(controlBytes, places.length)
  if (header === undefined) return 0
  if (header.schemaOffset + header.schemaLength <= controlBytes.byteLength) {
    decodeDescriptor(new Uint8Array(controlBytes, header.schemaOffset, header.schemaLength))
  }
  // From here on with the header that whoever opened the stream before has read.
  const control = new StreamControl(controlBytes, original.header, inOrder)
  let read = 0
  let refusal: unknown
  const attempt = (act: () => void) => {
    try {
      act()
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
      refusal = error
    }
  }
  attempt(() => {
    const reader = new LaneReader(laneBytes, 0, CAPACITY, control.baseOf(0), inOrder)
    const view = codec.view(reader.data)
    for (let steps = 0; ; steps++) {
      if (steps > (2 * CAPACITY) / SMALLEST_RECORD) throw new Error('a lane without end')
      const offset = reader.next()
      if (offset === -1) break
      if (offset + reader.length > CAPACITY) throw new Error(`a message outside: ${offset} + ${reader.length}`)
      attempt(() => view.at(offset, reader.length))
      attempt(() => codec.decode(reader.data, offset, reader.length))
      read++
      if (((reader.position - control.baseOf(0)) | 0) > CAPACITY) break
    }
  })
  attempt(() => findEnd(laneBytes, 0, CAPACITY, { position: control.recentEndOf(0), sequence: 0 }))
  attempt(() => {
    const consumer = new ConsumerSlot(control, 1)
    if (overflow === 'wait') consumer.join()
    const producer = new ProducerSlot(control, 0, laneBytes)
    for (let count = 0; count < 20 && send(producer.lane, count); count++);
    producer.lane.fill(3, 32, { at: (offset) => offset }, () => {})
    producer.isTaken(producer.lane.position)
    consumer.release(0, hostileWord(random))
    for (let count = 0; count < 20 && send(producer.lane, count); count++);
    producer.close()
  })
  if (refusal !== undefined) throw refusal
  return read
}

const CONTROL_USED = places.schemaOffset + schema.length + (-schema.length & 3)

/** Plays cases `first` to `first + cases - 1` of a seed. */
export function fuzzBytes(cases: number, seed: number, first = 0): FuzzReport {
  const start = performance.now()
  const report: FuzzReport = { cases, seed, refused: 0, messages: 0, failures: [], seconds: 0 }
  for (let index = first; index < first + cases && report.failures.length < 10; index++) {
    try {
      report.messages += play(randomFrom((seed + Math.imul(index, 0x9e37_79b1)) | 0))
    } catch (error) {
      if (error instanceof LayoutError) report.refused++
      else report.failures.push(`case ${index}: ${(error as Error).stack}`)
    }
  }
  report.seconds = Math.round((performance.now() - start) / 100) / 10
  return report
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number is needed')
  return value
}

export const fuzz = new Command('fuzz')
  .description(
    'Changes the bytes of a stream at random, and then reads and writes it: nothing but a LayoutError may come of it.',
  )
  .option('-c, --cases <count>', 'how many cases', wholeNumber, 1_000_000)
  .option('-s, --seed <number>', 'repeats an earlier run', wholeNumber)
  .option('-o, --only <index>', 'only this case of a seed', wholeNumber)
  .option('-j, --json <file>', 'also write the report to a file')
  .action(({ cases, seed, only, json }: { cases: number; seed?: number; only?: number; json?: string }) => {
    const chosen = seed ?? Math.floor(Math.random() * 0x7fff_ffff)
    const report = only === undefined ? fuzzBytes(cases, chosen) : fuzzBytes(1, chosen, only)
    console.log(JSON.stringify(report, undefined, 2))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    if (report.failures.length > 0) process.exitCode = 1
  })
