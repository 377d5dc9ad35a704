#!/usr/bin/env node
/** The second process: shows the message in named shared memory, or the figures that come through a stream, a latest, a queue or calls. */
import { exitCodeOf, explainFailure } from '@memlane/demo-shared/failure'
import { callFigures } from './call-figures.js'
import { type FiguresOptions, type MessageOptions, parseCommandLine } from './command-line.js'
import { processFigures } from './process-figures.js'
import { showFigures } from './show-figures.js'
import { showLatest } from './show-latest.js'
import { showMessage } from './show-message.js'

const programs = { stream: showFigures, latest: showLatest, queue: processFigures, call: callFigures }

async function run(options: MessageOptions | FiguresOptions): Promise<number> {
  try {
    if (options.shape === 'message') await showMessage(options)
    else await programs[options.shape](options)
    return 0
  } catch (error) {
    const memory = 'Could not open file mapping object'
    const content = options.shape === 'message' ? 'Could not show the message' : 'Could not show the figures'
    console.error(explainFailure(error, { memory, content }))
    return exitCodeOf(error)
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
