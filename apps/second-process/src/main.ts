#!/usr/bin/env node
/** The second process: shows the message in named shared memory, or the figures that come through a stream. */
import { exitCodeOf, explainFailure } from '@memlane/demo-shared/failure'
import { type MessageOptions, parseCommandLine, type StreamOptions } from './command-line.js'
import { showFigures } from './show-figures.js'
import { showMessage } from './show-message.js'

async function run(options: MessageOptions | StreamOptions): Promise<number> {
  try {
    await (options.stream ? showFigures(options) : showMessage(options))
    return 0
  } catch (error) {
    const memory = 'Could not open file mapping object'
    const content = options.stream ? 'Could not show the figures' : 'Could not show the message'
    console.error(explainFailure(error, { memory, content }))
    return exitCodeOf(error)
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
