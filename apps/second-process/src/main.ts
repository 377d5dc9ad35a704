#!/usr/bin/env node
/** The second process: opens named shared memory, reads the message there, shows it, closes. */
import { openRegion } from '@memlane/consumer'
import { text } from '@memlane/protocol'
import { type Options, parseCommandLine } from './command-line.js'
import { explainFailure } from './failure.js'
import { finishedMessage } from './finished-message.js'
import { show } from './show.js'

async function run({ name, length, encoding, destination, waitMs }: Options): Promise<number> {
  try {
    const deadline = performance.now() + waitMs
    using region = await openRegion(name, text(encoding, length), { timeoutMs: waitMs })
    await show(await finishedMessage(region, deadline), destination)
    return 0
  } catch (error) {
    console.error(explainFailure(error))
    return 1
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
