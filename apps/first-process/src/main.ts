#!/usr/bin/env node
/** The first process: writes a message into named shared memory, or sends figures through a stream, until it is asked to end. */
import { exitCodeOf, explainFailure } from '@memlane/demo-shared/failure'
import { type MessageOptions, parseCommandLine, type StreamOptions } from './command-line.js'
import { holdMessage } from './hold-message.js'
import { sendFigures } from './send-figures.js'

async function run(options: MessageOptions | StreamOptions): Promise<number> {
  try {
    await (options.stream ? sendFigures(options) : holdMessage(options))
    return 0
  } catch (error) {
    const memory = 'Could not create file mapping object'
    const content = options.stream ? 'Could not send the figures' : 'Could not write the message'
    console.error(explainFailure(error, { memory, content }))
    return exitCodeOf(error)
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
