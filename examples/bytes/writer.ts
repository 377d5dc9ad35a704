// Paints frames into raw memory: first the pixels, then the frame's number, so that a reader sees whole frames first.
import { setTimeout } from 'node:timers/promises'
import { SharedMemory } from 'memlane'
import { HEIGHT, WIDTH } from './frame.js'

const [, , name = 'example-frame'] = process.argv

using memory = SharedMemory.create(name, 8 + WIDTH * HEIGHT * 4)
const [number, pixels] = [new Int32Array(memory.buffer, 0, 2), new Uint32Array(memory.buffer, 8, WIDTH * HEIGHT)]
console.log(`painting into ${memory.name}`)
for (let frame = 1; ; frame++) {
  pixels.fill(0xff00_0000 | frame)
  Atomics.store(number, 0, frame)
  await setTimeout(50)
}
