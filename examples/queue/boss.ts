// Sends ten jobs, and waits until all of them are done.
import { createQueue } from 'memlane'
import { Job } from './job.js'

const [, , name = 'example-jobs'] = process.argv

using jobs = createQueue(name, Job)
for (let number = 1; number <= 10; number++) await jobs.send({ number, task: `resize picture ${number}` })
await jobs.flush()
console.log(`${jobs.sent} jobs are done`)
