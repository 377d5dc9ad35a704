#!/usr/bin/env node
/** The first process: creates named shared memory or opens it, writes a message there, waits for a key, closes. */
import { createRegion } from '@memlane/producer'
import { text } from '@memlane/protocol'
import { type Options, parseCommandLine } from './command-line.js'
import { endRequested } from './end-requested.js'
import { explainFailure } from './failure.js'

async function run({ message, name, length, encoding, holdMs }: Options): Promise<number> {
  try {
    using _region = createRegion(name, text(encoding, length), { existing: 'open', value: message })
    const end = endRequested(holdMs)
    console.log(`Wrote ${JSON.stringify(message)} to ${name} (${length} bytes, ${encoding}).`)
    console.log(holdMs === undefined ? 'Press any key to end.' : `Holding it for ${holdMs} ms.`)
    await end
    return 0
  } catch (error) {
    console.error(explainFailure(error))
    return 1
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
