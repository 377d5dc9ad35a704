// A process that plays cases, one after the other. Started by watched.ts, with a Task as JSON for its one argument; tells on
// shared memory which case it is at, and on its standard output what was not allowed, a JSON text a line.
import { SharedMemory } from '@memlane/core'
import { runCase } from './cases.js'
import { CASE, MESSAGES, REFUSED, type Task } from './task.js'

const { progress, seed, first, end }: Task = JSON.parse(process.argv[2] as string)
using memory = SharedMemory.open(progress)
const words = new Float64Array(memory.buffer)
const outcomes = { refused: words[REFUSED] as number, messages: words[MESSAGES] as number }
for (let index = first; index < end; index++) {
  words[CASE] = index
  const failure = runCase(seed, index, outcomes)
  words[REFUSED] = outcomes.refused
  words[MESSAGES] = outcomes.messages
  if (failure !== undefined) console.log(JSON.stringify(failure))
}
words[CASE] = end
