// Sets values at full rate until it is killed. torn.ts starts it with the name of the latest as its only argument.
import { createLatest } from '@memlane/producer'
import { put, Value } from './value.js'

const writer = createLatest(process.argv[2] as string, Value)
const parent = process.ppid
let number = 0
const write = (value: object) => put(value, number)
do {
  for (let count = 0; count < 1_000_000; count++) {
    number = (number + 1) >>> 0
    writer.fill(write)
  }
} while (process.ppid === parent)
