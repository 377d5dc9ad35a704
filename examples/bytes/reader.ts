// Waits for a frame, and shows its first pixel.
import { setTimeout } from 'node:timers/promises'
import { SharedMemory } from 'memlane'
import { HEIGHT, WIDTH } from './frame.js'

const [, , name = 'example-frame'] = process.argv

using memory = await SharedMemory.waitFor(name, { access: 'read' })
const number = new Int32Array(memory.buffer, 0, 2)
const pixels = new Uint32Array(memory.buffer, 8, WIDTH * HEIGHT)
while (Atomics.load(number, 0) === 0) await setTimeout(10)
console.log(`${pixels.length} pixels, the first one is opaque: ${(pixels[0] ?? 0) >>> 24 === 0xff}`)
