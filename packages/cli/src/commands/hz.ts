import { now } from '@memlane/core/internal'
import { inspect, rateBetween } from '@memlane/inspect'
import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { CommandError } from '../exit-code.js'
import { seconds, wholeNumber } from '../option-values.js'
import { shortNumber } from '../units.js'

const NOTES = `
Prints a line per interval, until Ctrl-C: messages sent, values set or calls made a second, and their mean since the start.`

export const hz: Command<{ interval: number; count?: number }> = {
  name: 'hz',
  summary: 'show how many messages a second go through one memory',
  watches: true,
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .option('--interval <seconds>', 'time between two lines', seconds, 1000)
      .option('--count <lines>', 'end after so many lines', wholeNumber(1))
      .addHelpText('after', NOTES)
  },
  async run({ out, signal }, [name = ''], { interval, count = Infinity }) {
    const look = () => ({ memory: inspect(name, { processes: false }), at: now() })
    let before = look()
    let messages = 0
    let took = 0
    for (let lines = 0; lines < count; lines++) {
      if (!(await abortablePause(interval, signal))) return
      const after = look()
      const ms = after.at - before.at
      const rate = rateBetween(before.memory, after.memory, ms)
      if (rate === undefined) throw uncounted(name, after.memory.shape)
      messages += (rate.perSecond * ms) / 1000
      took += ms
      const perSecond = rounded(rate.perSecond)
      const mean = rounded((messages * 1000) / took)
      if (out.json) out.object({ name, perSecond, mean, bytesPerSecond: rounded(rate.bytesPerSecond) })
      else if (out.isTerminal) out.line(`${shortNumber(perSecond)}/s, mean ${shortNumber(mean)}/s`)
      else out.line([`${perSecond}`, `${mean}`])
      await out.drained()
      before = after
    }
  },
}

function rounded<T extends number | undefined>(value: T): T {
  return (value === undefined ? value : Math.round((value as number) * 10) / 10) as T
}

function uncounted(name: string, shape: string): CommandError {
  return shape === 'region' || shape === 'bytes'
    ? new CommandError('NOT_A_CHANNEL', `"${name}" is memory that counts nothing. It is no channel.`)
    : new CommandError('NOT_FOUND', `Another memory has the name "${name}" by now. Start again.`)
}
