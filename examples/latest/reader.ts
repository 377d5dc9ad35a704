// Shows the state of the engine after each change, three times.
import { openLatest } from 'memlane'
import { Engine } from './engine.js'

const [, , name = 'example-engine'] = process.argv

using engine = await openLatest(name, Engine, { endOn: 'never' }) // waits until the writer has started
let shown = 0
for await (const { value, version, skipped } of engine.changes()) {
  console.log(`version ${version}: ${value.rpm} rpm, ${value.temperature} degrees (${skipped} skipped)`)
  if (++shown === 3) break
}
console.log(`the writer is ${engine.writer}`)
