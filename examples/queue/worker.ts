// Works on jobs, two at a time, until no more come for a second. Start several workers: each job goes to one of them.
import { setTimeout } from 'node:timers/promises'
import { openQueue } from 'memlane'
import { Job } from './job.js'

const [, , name = 'example-jobs'] = process.argv

const jobs = await openQueue(name, Job)
let last = Date.now()
const processing = jobs.process(
  async ({ value }) => {
    await setTimeout(20) // the work
    console.log(`done: ${value.task}`)
    last = Date.now()
  },
  { concurrency: 2 },
)
while (Date.now() - last < 1000) await setTimeout(50)
await jobs.close() // waits for the running jobs
await processing
