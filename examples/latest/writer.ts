// Sets the state of an engine ten times a second. Start it again after a kill: it goes on where it was.
import { setTimeout } from 'node:timers/promises'
import { createLatest } from 'memlane'
import { Engine } from './engine.js'

const [, , name = 'example-engine'] = process.argv

using engine = createLatest(name, Engine)
if (engine.version === 0) engine.set({ rpm: 900, temperature: 80, gear: 1 })
console.log(`writing after version ${engine.version}`)
for (;;) {
  engine.update((value) => {
    value.rpm += 100 // readers see both changes or neither
    value.temperature += 1
  })
  await setTimeout(100)
}
