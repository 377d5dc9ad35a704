// A process that plays cases, one after the other. supervised.ts starts it, with a Task as JSON in its only argument. It writes
// the number of the current case to shared memory, and prints each error that is not allowed as one line of JSON.
import { SharedMemory } from '@memlane/core'
import { runCase } from './cases.js'
import { CASE, MESSAGES, REFUSED, type Task } from './task.js'

const { progress, seed, first, end, shape }: Task = JSON.parse(process.argv[2] as string)
using memory = SharedMemory.open(progress)
const words = new Float64Array(memory.buffer)
const outcomes = { refused: words[REFUSED] as number, messages: words[MESSAGES] as number }
for (let index = first; index < end; index++) {
  words[CASE] = index
  const failure = runCase(seed, index, outcomes, shape)
  words[REFUSED] = outcomes.refused
  words[MESSAGES] = outcomes.messages
  if (failure !== undefined) console.log(JSON.stringify(failure))
}
words[CASE] = end
