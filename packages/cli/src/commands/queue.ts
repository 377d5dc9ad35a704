import { openQueue } from '@memlane/consumer'
import { type DeadLetterInspection, inspect, inspectDeadLetters, type QueueInspection } from '@memlane/inspect'
import { bytesOf, toJson } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { Argument } from 'commander'
import type { Command, Context } from '../command.js'
import { CommandError, UsageError } from '../exit-code.js'
import { verdictCell } from '../summary.js'
import { where } from '../where.js'

type Action = 'figures' | 'dead' | 'resend' | 'drop'

interface QueueOptions {
  where?: string
  all?: boolean
}

const NOTES = `
figures (default): what the queue holds. dead: its dead letters. Both only look.
resend: send dead letters back into the queue, as if they had never been delivered. drop: remove them for good. Both become a
consumer for a moment, and need --all or --where, whose conditions are those of tail. Names are value, reason,
deliveryCount, pid, and the fields of the message.

Examples:
  memlane queue jobs
  memlane queue jobs dead
  memlane queue jobs resend --where 'reason~timeout'
  memlane queue jobs drop --all`

export const queue: Command<QueueOptions> = {
  name: 'queue',
  summary: "show a queue's figures and dead letters; send letters back, or drop them",
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .addArgument(
        new Argument('[action]', 'what to do').choices(['figures', 'dead', 'resend', 'drop']).default('figures'),
      )
      .option('--where <conditions>', 'only the dead letters for which these hold')
      .option('--all', 'all dead letters')
      .addHelpText('after', NOTES)
  },
  async run(context, [name = '', action], options) {
    const found = inspect(name)
    if (found.shape !== 'queue') {
      throw new CommandError('NOT_A_CHANNEL', `"${name}" is no queue: its shape is ${found.shape}.`)
    }
    switch (action as Action) {
      case 'dead':
        return showLetters(context, found, options)
      case 'resend':
      case 'drop':
        return settleLetters(context, found, action as 'resend' | 'drop', options)
      default:
        return showFigures(context, found)
    }
  },
}

function showFigures({ out }: Context, found: QueueInspection): void {
  const { name, figures, geometry, producers, consumers, findings } = found
  const { ready, taken, delayed, dead, dropped, sent, oldestAgeMs } = figures
  const living = (each: { state: string }) => each.state === 'alive'
  const sides = { producers: producers.filter(living).length, consumers: consumers.filter(living).length }
  if (out.json) {
    out.object({ name, ...figures, capacity: geometry.capacity, ...sides, findings })
    return
  }
  out.table(
    ['name', 'ready', 'taken', 'delayed', 'dead', 'dropped', 'sent', 'oldest', 'producers', 'consumers', 'state'],
    [
      [
        ...[name, ready, taken, delayed, dead, dropped, sent, out.time(oldestAgeMs)],
        ...[sides.producers, sides.consumers, verdictCell(found)],
      ],
    ],
  )
}

/** A dead letter as `--json` prints it, without where it lies. */
interface Letter {
  readonly value: unknown
  readonly reason: string | undefined
  readonly deliveryCount: number
  readonly pid: number
}

function showLetters({ out }: Context, { name, schema }: QueueInspection, options: QueueOptions): void {
  const selected = selection(options)
  const descriptor = schema?.descriptor as PayloadDescriptor
  const letters = inspectDeadLetters(name).map((letter) => ({ ...letterOf(letter, descriptor), ageMs: letter.ageMs }))
  const shown = letters.filter((letter) => selected?.(letter) ?? true).sort((a, b) => b.ageMs - a.ageMs)
  if (out.json) for (const letter of shown) out.object(letter)
  else if (shown.length === 0) out.line('There are no dead letters.')
  else {
    out.table(
      ['deliveries', 'pid', 'age', 'reason', 'value'],
      shown.map(({ deliveryCount, pid, ageMs, reason, value }) => {
        return [deliveryCount, pid, out.time(ageMs), reason, JSON.stringify(value)]
      }),
    )
  }
}

function letterOf(letter: DeadLetterInspection, descriptor: PayloadDescriptor): Letter {
  const { value, reason, deliveryCount, pid, bytes } = letter
  const json = value === undefined ? { $bytes: bytesOf(bytes) } : toJson(value, descriptor)
  return { value: json, reason, deliveryCount, pid }
}

async function settleLetters(
  { out, signal }: Context,
  { name, schema }: QueueInspection,
  action: 'resend' | 'drop',
  options: QueueOptions,
): Promise<void> {
  const selected = selection(options)
  if (selected === undefined && !options.all) throw new UsageError(`${action} needs --all or --where.`)
  const descriptor = schema?.descriptor as PayloadDescriptor
  const letters = inspectDeadLetters(name).filter((letter) => selected?.(letterOf(letter, descriptor)) ?? true)
  const count = letters.length === 0 ? 0 : await settle(name, action, letters, signal)
  const settled = action === 'resend' ? 'resent' : 'dropped'
  if (out.json) out.object({ name, [settled]: count })
  else
    out.line(`${settled === 'resent' ? 'Sent back' : 'Dropped'} ${count} dead ${count === 1 ? 'letter' : 'letters'}.`)
}

/** Returns how many of the letters were still there. */
async function settle(
  name: string,
  action: 'resend' | 'drop',
  letters: readonly DeadLetterInspection[],
  signal: AbortSignal,
): Promise<number> {
  const reader = await openQueue(name, undefined, { signal })
  let count = 0
  try {
    for (const only of letters) {
      for (const letter of reader.deadLetters({ only })) {
        if (action === 'resend') letter.resend()
        else letter.discard()
        count++
      }
    }
  } finally {
    await reader.close({ timeoutMs: 0 })
  }
  return count
}

/** Makes the test of `--where`. Names are those of the letter, then those of its message. */
function selection({ where: text }: QueueOptions): ((letter: Letter) => boolean) | undefined {
  if (text === undefined) return undefined
  const holds = where(text)
  return (letter) => {
    const { value } = letter
    return holds(typeof value === 'object' && value !== null ? { ...value, ...letter } : letter)
  }
}
