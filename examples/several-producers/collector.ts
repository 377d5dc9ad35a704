// Collects six readings. Those of one sensor come in order; those of different sensors mix.
import { openStream } from 'memlane'
import { Reading } from './reading.js'

const [, , name = 'example-readings'] = process.argv

using readings = await openStream(name, Reading, { endOn: 'never' }) // sensors come and go
let count = 0
for await (const { sensor, celsius } of readings) {
  console.log(`${sensor}: ${celsius}`)
  if (++count === 6) break
}
