// A process that writes random bytes all over a stream's memory, and now and then restores it, so that the other processes
// reach all of their code. scribble.ts starts it, with a Task as JSON in its only argument.
import { setTimeout } from 'node:timers/promises'
import { SharedMemory } from '@memlane/core'
import { randomFrom } from '@memlane/testing/random'
import { below, hostileWord, scribble } from '../fuzz/mutation.js'
import { CAPACITY, PRODUCERS, type Task } from './task.js'

const { stream, seed, milliseconds }: Task = JSON.parse(process.argv[2] as string)
const random = randomFrom(seed)
using memory = SharedMemory.open(stream)
const bytes = new Uint8Array(memory.buffer)
const lanesOffset = bytes.length - PRODUCERS * CAPACITY
const whole = bytes.slice(0, lanesOffset)
const HEADER_LENGTH = 80
const CONTROL_LENGTH = 2048

let scribbles = 0
for (const end = performance.now() + milliseconds; performance.now() < end; ) {
  const choice = random()
  if (choice < 0.15) {
    bytes.set(whole)
    bytes.fill(0, lanesOffset)
  } else if (choice < 0.18) scribble(random, bytes.subarray(0, HEADER_LENGTH))
  else if (choice < 0.45) scribble(random, bytes.subarray(128, CONTROL_LENGTH), 8)
  else if (choice < 0.55) bytes.fill(below(random, 256), lanesOffset + below(random, CAPACITY), lanesOffset + CAPACITY)
  else scribble(random, bytes.subarray(lanesOffset), 200, [hostileWord(random)])
  scribbles++
  // Writes in bursts. In the pauses the other processes make progress.
  if (random() < 0.5) await setTimeout(random() * 4)
}
console.log(JSON.stringify({ done: scribbles, errors: {} }))
