import { clearTimeout, setTimeout } from '@memlane/core/internal'
import type { Compression, Encoding, Recording, RecordStart } from '@memlane/record'
import { Option } from 'commander'
import { abortablePause } from '../abortable-pause.js'
import type { Command, Context } from '../command.js'
import { errorLine } from '../error-line.js'
import { EXIT } from '../exit-code.js'
import { inputLines } from '../input-lines.js'
import { duration, seconds, wholeNumber } from '../option-values.js'

interface RecordCommandOptions {
  output: string
  encode: Encoding
  compression: Compression
  from?: RecordStart
  maxSize?: number
  maxTime?: number
  snapshot?: number
  for?: number
  description?: string
}

const MEGABYTE = 1_000_000

const NOTES = `
A name may be a pattern: * stands for any characters, ? for one. Memory that appears later is recorded, too.

The file is called FILE.partial until the recording ends. After kill -9 or a power cut, memlane recover repairs it.
Recording takes no place and slows no producer down. What is overwritten before the recorder sees it is counted as
missed, and noted in the file.

With --snapshot, nothing is written until you press Enter or send SIGUSR2.

Examples:
  memlane record quotes orders -o run.mcap
  memlane record 'car-*' -o run.mcap --max-size 500 --encode raw
  memlane record '*' -o incident.mcap --snapshot 30`

export const record: Command<RecordCommandOptions> = {
  name: 'record',
  summary: 'record streams, latests and queues into an MCAP file',
  declare(line) {
    line
      .argument('<name...>', 'the memories: names or patterns')
      .requiredOption('-o, --output <file>', 'the file, such as run.mcap')
      .addOption(
        new Option('--encode <form>', 'how messages lie in the file')
          .choices(['json', 'protobuf', 'raw'])
          .default('json'),
      )
      .addOption(new Option('--compression <kind>', 'of the file').choices(['zstd', 'none']).default('zstd'))
      .addOption(
        new Option('--from <place>', 'where to begin in what is there already').choices(['now', 'newest', 'oldest']),
      )
      .option('--max-size <megabytes>', 'begin another file at this size', wholeNumber(1))
      .option('--max-time <seconds>', 'begin another file after this time', duration)
      .option('--snapshot <seconds>', 'keep so many seconds in memory, and write them when asked to', duration)
      .option('--for <seconds>', 'end after this time', seconds)
      .option('--description <text>', 'a note in the file')
      .addHelpText('after', NOTES)
  },
  async run(context, names, options) {
    const { out, signal } = context
    const { output, encode, compression, from, maxSize, maxTime, snapshot, description } = options
    const { record: startRecording } = await import('@memlane/record')
    const recording = await startRecording(names as string[], output, {
      encode,
      compression,
      ...(from !== undefined && { from }),
      ...(maxSize !== undefined && { maxFileBytes: maxSize * MEGABYTE }),
      ...(maxTime !== undefined && { maxFileMs: maxTime }),
      ...(snapshot !== undefined && { snapshotMs: snapshot }),
      ...(description !== undefined && { description }),
    })
    if (!out.json) out.line(beginning(recording, names, output, options))
    const ending = new AbortController()
    const end = () => ending.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    const timer = options.for === undefined ? undefined : setTimeout(end, options.for)
    const snapshots = snapshot === undefined ? undefined : takeSnapshots(context, recording, ending.signal)
    let failures: number | undefined
    try {
      await Promise.race([abortablePause(Infinity, ending.signal), recording.finished])
    } finally {
      clearTimeout(timer)
      end()
      failures = await snapshots
    }
    const { messages, missed, files } = await recording.stop()
    if (out.json) out.object({ messages, missed, files })
    else out.line(`Recorded ${counted(messages, 'message')}, missed ${missed}. ${wroteFiles(files)}`)
    return failures ? EXIT.FAILED : EXIT.OK
  },
}

function beginning(
  { figures }: Recording,
  names: readonly unknown[],
  output: string,
  options: RecordCommandOptions,
): string {
  const found = figures.names.length === 0 ? `Waiting for ${names.join(', ')}` : `Recording ${figures.names.join(', ')}`
  if (options.snapshot !== undefined)
    return `${found}. Enter or SIGUSR2 writes the last ${options.snapshot / 1000} s; Ctrl-C ends.`
  return `${found}, into ${output}. Ctrl-C ends.`
}

/**
 * Writes a snapshot for each line of the input and each SIGUSR2.
 *
 * @returns how many could not be written. The recording goes on after each of them
 */
async function takeSnapshots({ out, terminal }: Context, recording: Recording, signal: AbortSignal): Promise<number> {
  let failures = 0
  let written = Promise.resolve()
  const write = async () => {
    try {
      const snapshot = await recording.snapshot()
      if (out.json) out.object({ snapshot })
      else out.line(`Wrote ${snapshot}.`)
    } catch (error) {
      failures++
      terminal.errors.write(`${errorLine(error)}\n`)
    }
  }
  const take = () => {
    written = written.then(write)
  }
  process.on('SIGUSR2', take)
  try {
    for await (const _line of inputLines(terminal, signal)) take()
    await abortablePause(Infinity, signal)
  } finally {
    process.off('SIGUSR2', take)
    await written
  }
  return failures
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function wroteFiles(files: readonly string[]): string {
  return files.length === 0 ? 'Wrote no file.' : `Wrote ${files.join(', ')}.`
}
