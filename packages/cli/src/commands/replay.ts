import type { ReplayRun } from '@memlane/record'
import { InvalidArgumentError } from 'commander'
import type { Command, Context } from '../command.js'
import { inputLines } from '../input-lines.js'
import { seconds, wholeNumber } from '../option-values.js'

interface ReplayCommandOptions {
  rate: number | 'unlimited'
  start?: number
  end?: number
  loop?: boolean
  step?: boolean
  name?: string[]
  rename: Record<string, string>
  consumers?: number
  join?: boolean
}

const NOTES = `
The memory is created with the schema and the sizes that it had, and goes away at the end if nobody else holds it.
So start the consumers, and pass --consumers. Queues wait until all of their messages are settled.

With --step, each Enter sends the next message, a number sends so many, "go" goes on, and "pause" pauses again.

Examples:
  memlane replay run.mcap --consumers 1
  memlane replay run.mcap --name quotes --rename quotes=quotes-test --rate 10
  memlane replay run.mcap --start 60 --end 90 --loop`

export const replay: Command<ReplayCommandOptions> = {
  name: 'replay',
  summary: 'send the messages of a recording again',
  declare(line) {
    line
      .argument('<file>', 'the recording')
      .option('--rate <number>', 'how many times as fast as recorded, or "unlimited"', rate, 1)
      .option('--start <seconds>', 'where to begin, from the first message on', seconds)
      .option('--end <seconds>', 'where to end, from the first message on', seconds)
      .option('--loop', 'begin again at the end')
      .option('--step', 'send each message when Enter is pressed')
      .option('--name <name...>', 'only these memories: names or patterns')
      .option('--rename <old=new...>', 'other names for the memory', renamed, {})
      .option('--consumers <count>', 'wait until each stream and queue has so many consumers', wholeNumber(0, 32))
      .option('--join', 'become one more producer of streams and queues that exist')
      .addHelpText('after', NOTES)
  },
  async run(context, [file = ''], { rate, start, end, loop, step, name, rename, consumers, join }) {
    const { out, signal } = context
    const { replay: startReplay } = await import('@memlane/record')
    const run = await startReplay(file, {
      rate,
      rename,
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(loop !== undefined && { loop }),
      ...(step !== undefined && { paused: step }),
      ...(name !== undefined && { names: name }),
      ...(consumers !== undefined && { consumers }),
      ...(join && { existing: 'join' }),
    })
    const stop = () => void run.stop().catch(() => {})
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const ended = new AbortController()
    const keys = step ? obey(context, run, ended.signal) : undefined
    const { messages, rounds, durationMs, timingError } = await run.finished.finally(() => ended.abort())
    await keys
    if (out.json) {
      out.object({ messages, rounds, durationMs, timingError })
      return
    }
    const late =
      timingError === undefined
        ? ''
        : ` Late by ${time(timingError.medianUs)} (median), ${time(timingError.p99Us)} (p99).`
    out.line(
      `Sent ${messages} ${messages === 1 ? 'message' : 'messages'} in ${(durationMs / 1000).toFixed(3)} s.${late}`,
    )
  },
}

/** Obeys the lines of the input. */
async function obey({ terminal }: Context, run: ReplayRun, signal: AbortSignal): Promise<void> {
  for await (const line of inputLines(terminal, signal)) {
    const word = line.trim()
    if (word === 'go') run.resume()
    else if (word === 'pause') run.pause()
    else if (word === '' || /^\d{1,9}$/.test(word)) run.step(word === '' ? 1 : Number(word))
  }
}

function rate(text: string): number | 'unlimited' {
  const number = Number(text)
  if (text === 'unlimited') return text
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number
  throw new InvalidArgumentError('It must be a number above 0, such as 2 or 0.5, or "unlimited".')
}

function renamed(text: string, before: Record<string, string>): Record<string, string> {
  const [old, name, ...rest] = text.split('=')
  if (old && name && rest.length === 0) return { ...before, [old]: name }
  throw new InvalidArgumentError('It must be OLD=NEW.')
}

function time(us: number): string {
  return us < 1000 ? `${us.toFixed(0)} us` : `${(us / 1000).toFixed(1)} ms`
}
