import { setImmediate } from '@memlane/core/internal'
import { openTail, type TailMessage } from '@memlane/inspect'
import { toJson } from '@memlane/inspect/internal'
import type { PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import { Option } from 'commander'
import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { errorLine } from '../error-line.js'
import { wholeNumber } from '../option-values.js'
import { fields, where } from '../where.js'

interface TailOptions {
  where?: string
  fields?: string
  count?: number
  from: 'now' | 'newest' | 'oldest'
}

const LOOK_MS = 2
/** After so many messages, the command writes, and notices Ctrl-C. */
const BATCH = 256

const NOTES = `
Takes no place in the memory. Nobody waits for this command, so it misses what is overwritten before it looks. Ends when all
participants have ended.

--where takes conditions, joined by commas, that must all hold: price>100,symbol=ACME
  operators: = != < <= > >= ~ (contains). a.b and a.0 lead into objects and arrays. Values with commas or operators stand
  in double quotes. Names are those of the message, then kind, producer, sequence, key and procedure of the line.

--json prints lines with the keys kind, producer, sequence, missedBefore, key, procedure, time and value. In values,
64-bit integers are strings, bytes are base64. With --fields, lines have these fields only.

Examples:
  memlane tail quotes --where 'symbol=ACME,bid>10' --count 3
  memlane tail quotes --json --from oldest | jq .value.bid`

export const tail: Command<TailOptions> = {
  name: 'tail',
  summary: 'print messages, values or calls as they come',
  watches: true,
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .option('--where <conditions>', 'print only messages for which these hold')
      .option('--fields <names>', 'print only these fields, such as symbol,bid')
      .option('--count <messages>', 'end after so many messages were printed', wholeNumber(1))
      .addOption(new Option('--from <start>', 'where to begin').choices(['now', 'newest', 'oldest']).default('now'))
      .addHelpText('after', NOTES)
  },
  async run({ out, signal, terminal }, [name = ''], { count = Infinity, from, ...options }) {
    const holds = options.where === undefined ? undefined : where(options.where)
    const pick = options.fields === undefined ? undefined : fields(options.fields)
    using observed = openTail(name, { from })
    const read = jsonOf(observed.descriptor)
    let printed = 0
    let lastError: string | undefined
    const print = (message: TailMessage) => {
      if (printed === count) return
      const line = lineOf(message, read)
      const names = named(line)
      if (holds !== undefined && !holds(names)) return
      printed++
      if (pick === undefined) {
        if (out.json) out.object(line)
        else out.line(partsOf(line))
      } else {
        const picked = pick(names) as Record<string, unknown>
        if (out.json) out.object(picked)
        else out.line(Object.values(picked).map(shown))
      }
    }
    while (!signal.aborted && printed < count) {
      const seen = poll()
      await out.drained()
      if (seen > 0) await new Promise((resolve) => setImmediate(resolve))
      else if (observed.ended !== undefined) break
      else await abortablePause(LOOK_MS, signal)
    }
    if (observed.missed > 0 && !out.json)
      terminal.errors.write(`memlane: ${observed.missed} messages went by unseen.\n`)

    function poll(): number {
      try {
        const seen = observed.poll(print, Math.min(BATCH, count - printed))
        if (seen > 0) lastError = undefined
        return seen
      } catch (error) {
        const line = errorLine(error)
        if (line === lastError) return 0 // nothing could be skipped: memory that stays wrong must not flood the terminal
        lastError = line
        terminal.errors.write(`${line}\n`)
        return 1 // the next call skips what it could not read
      }
    }
  },
}

/** A message as `--json` prints it. */
interface Line {
  readonly kind: string
  readonly producer: number
  readonly sequence: number
  readonly missedBefore: number
  readonly key?: string
  readonly procedure?: string
  readonly time?: string | null
  readonly value?: unknown
  /** Why the value cannot be read. */
  readonly error?: string
}

type ReadValue = (message: TailMessage) => unknown

function lineOf(message: TailMessage, read: ReadValue): Line {
  const { kind, producer, sequence, missedBefore, key, procedure, time } = message
  const line = {
    ...{ kind, producer, sequence, missedBefore },
    ...(key !== undefined && { key }),
    ...(procedure !== undefined && { procedure }),
    ...(time !== undefined && { time: isoTime(time) }),
  }
  try {
    return { ...line, value: read(message) }
  } catch (error) {
    return { ...line, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Hostile memory may hold a time that no calendar has. */
function isoTime(time: number): string | null {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** Names for conditions and fields: those of the message first, then those of the line. */
function named(line: Line): object {
  const { value } = line
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...line, ...value } : line
}

function partsOf({ kind, producer, sequence, key, procedure, missedBefore, value, error }: Line): string[] {
  const what = [kind === 'message' || kind === 'value' ? [] : kind, procedure ?? [], key ?? []].flat()
  const missed = missedBefore > 0 ? ` (${missedBefore} missed)` : ''
  return [`${producer}#${sequence}${missed}`, ...what, error === undefined ? shown(value) : `! ${error}`]
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** Makes the JSON form of the values of a memory. */
function jsonOf(descriptor: SchemaDescriptor): ReadValue {
  switch (descriptor.kind) {
    case 'board': {
      const payloads = new Map(descriptor.members.map(({ name, payload }) => [name, payload]))
      return ({ value, key = '' }) => toJson(value, payloads.get(key) as PayloadDescriptor)
    }
    case 'api': {
      const procedures = new Map(descriptor.procedures.map((each) => [each.name, each]))
      return ({ value, kind, procedure = '' }) => {
        const found = procedures.get(procedure)
        if (found === undefined || kind === 'failure') return value
        return toJson(value, kind === 'request' ? found.request : found.answer)
      }
    }
    default:
      return ({ value }) => toJson(value, descriptor)
  }
}
