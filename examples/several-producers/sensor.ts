// Sends three readings. Start several: the first one creates the stream, the others join it.
import { createStream } from 'memlane'
import { Reading } from './reading.js'

const [, , name = 'example-readings', sensor = `sensor ${process.pid}`] = process.argv

using readings = createStream(name, Reading, { existing: 'join' })
await readings.consumersReady(1)
for (let count = 0; count < 3; count++) await readings.send({ sensor, celsius: 20 + count })
await readings.flush()
