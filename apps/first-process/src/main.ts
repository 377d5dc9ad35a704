#!/usr/bin/env node
/** The first process: writes a message into named shared memory, or sends figures through a stream, a latest, a queue or calls. */
import { exitCodeOf, explainFailure } from '@memlane/demo-shared/failure'
import { answerCalls } from './answer-calls.js'
import { type FiguresOptions, type MessageOptions, parseCommandLine } from './command-line.js'
import { holdMessage } from './hold-message.js'
import { queueFigures } from './queue-figures.js'
import { sendFigures } from './send-figures.js'
import { setFigures } from './set-figures.js'

const programs = { stream: sendFigures, latest: setFigures, queue: queueFigures, call: answerCalls }

async function run(options: MessageOptions | FiguresOptions): Promise<number> {
  try {
    if (options.shape === 'message') await holdMessage(options)
    else await programs[options.shape](options)
    return 0
  } catch (error) {
    const memory = 'Could not create file mapping object'
    const content = options.shape === 'message' ? 'Could not write the message' : 'Could not send the figures'
    console.error(explainFailure(error, { memory, content }))
    return exitCodeOf(error)
  }
}

const options = parseCommandLine(process.argv)
if (options) process.exitCode = await run(options)
