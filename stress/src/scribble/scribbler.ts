// A process that writes random bytes all over the memory of a stream, latest, queue or channel of calls, and now and then restores it, so that the
// other processes reach all of their code. scribble.ts starts it, with a Task as JSON in its only argument.
import { setTimeout } from 'node:timers/promises'
import { SharedMemory } from '@memlane/core'
import {
  CallControl,
  CHANNEL_HEADER_LENGTH,
  type ChannelHeader,
  callShape,
  latestShape,
  QueueControl,
  queueShape,
  readChannelHeader,
  streamShape,
} from '@memlane/protocol/internal'
import { randomFrom } from '@memlane/testing/random'
import { below, scribble } from '../fuzz/mutation.js'
import type { ScribbledShape, Task } from './task.js'

const { shape, name, seed, milliseconds }: Task = JSON.parse(process.argv[2] as string)
const random = randomFrom(seed)
using memory = SharedMemory.open(name)
const { buffer } = memory
const bytes = new Uint8Array(buffer)
const words = new Int32Array(buffer)
const whole = bytes.slice()

/** Reads the header, and tells where the messages begin. */
const partsOf: Record<ScribbledShape, () => [header: ChannelHeader, messages: number]> = {
  stream() {
    const header = readChannelHeader(buffer, buffer.byteLength, streamShape) as ChannelHeader
    return [header, header.controlLength]
  },
  latest() {
    const header = readChannelHeader(buffer, buffer.byteLength, latestShape) as ChannelHeader
    return [header, header.controlLength]
  },
  queue() {
    const header = readChannelHeader(buffer, buffer.byteLength, queueShape)
    if (header === undefined) throw new Error('the queue is not finished')
    return [header, new QueueControl(buffer, header).ringIndex(0) * 8]
  },
  call() {
    const header = readChannelHeader(buffer, buffer.byteLength, callShape)
    if (header === undefined) throw new Error('the channel of calls is not finished')
    return [header, new CallControl(buffer, header).ringIndex(0) * 8]
  },
}
const [{ schemaOffset, schemaLength }, messages] = partsOf[shape]()

/** Words that lie in the memory are likely to be harmful elsewhere. */
const near = () => Array.from({ length: 4 }, () => words[below(random, words.length)] as number)

let scribbles = 0
for (const end = performance.now() + milliseconds; performance.now() < end; ) {
  const choice = random()
  if (choice < 0.15) bytes.set(whole)
  else if (choice < 0.18) scribble(random, bytes.subarray(0, CHANNEL_HEADER_LENGTH))
  else if (choice < 0.2) scribble(random, bytes.subarray(schemaOffset, schemaOffset + schemaLength))
  else if (choice < 0.45) scribble(random, bytes.subarray(128, schemaOffset), 8, near())
  else if (choice < 0.5) bytes.fill(below(random, 256), messages + below(random, bytes.length - messages))
  else scribble(random, bytes.subarray(messages), 200, near())
  scribbles++
  // Writes in bursts. In the pauses the other processes make progress.
  if (random() < 0.5) await setTimeout(random() * 4)
}
console.log(JSON.stringify({ done: scribbles, errors: {}, slowestMs: 0 }))
