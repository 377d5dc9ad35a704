import { type Inspection, inspect, type Participant, sidesOf } from '@memlane/inspect'
import type { Command } from '../command.js'
import { printFindings } from '../findings.js'
import type { Output } from '../output.js'
import { stateCell } from '../participants.js'
import type { Cell } from '../table.js'

type Fact = readonly [name: string, value: Cell]

export const info: Command = {
  name: 'info',
  summary: 'show all of one memory: schema, sizes, places, who waits for whom',
  declare(line) {
    line.argument('<name>', 'the name of the memory')
  },
  async run({ out }, [name = '']) {
    const memory = inspect(name)
    if (out.json) out.object(memory)
    else print(memory, out)
  },
}

function print(memory: Inspection, out: Output): void {
  out.facts(facts(memory, out))
  if ('schema' in memory && memory.schema !== undefined) {
    const { rows, typescript } = memory.schema
    section(out, 'Schema')
    out.table(
      ['field', 'type', 'offset', 'bytes'],
      rows.map(({ path, type, offset, length }) => [path, type, offset, length]),
    )
    out.line()
    for (const line of typescript.trimEnd().split('\n')) out.line(line)
  }
  const { producers, consumers } = sidesOf(memory)
  const participants = [...producers, ...consumers]
  if (participants.length > 0) {
    section(out, 'Participants')
    const extras = extrasOf(participants)
    out.table(
      ['role', 'slot', 'state', 'pid', 'command', ...extras],
      participants.map((each) => {
        const { role, slot, pid, command } = each
        return [role, slot, stateCell(each), pid, out.shortened(command), ...extras.map((key) => extraOf(each, key))]
      }),
    )
  }
  if (memory.shape === 'latest') {
    section(out, 'Keys')
    out.table(
      ['key', 'version', 'age', 'bytes', 'capacity'],
      memory.keys.map(({ key, version, ageMs, valueLength, capacity }) => [
        key,
        version,
        out.time(ageMs),
        valueLength,
        capacity,
      ]),
    )
  }
  if (memory.findings.length > 0) {
    section(out, 'Findings')
    printFindings(memory.findings, out)
  }
}

function section(out: Output, title: string): void {
  out.line()
  out.line(title, 'bold')
}

function facts(memory: Inspection, out: Output): Fact[] {
  const { name, objectName, shape, length, system } = memory
  return [
    ['name', name],
    ['object', objectName],
    ['shape', shape],
    ['bytes', length],
    ...('instance' in memory ? [['instance', memory.instance] as Fact] : []),
    ...('schema' in memory && memory.schema !== undefined
      ? ([
          ['schema', memory.schema.name],
          ['schema hash', memory.schema.hash],
        ] as Fact[])
      : []),
    ...(system === undefined
      ? []
      : ([
          ['owner', system.owner],
          ['mode', system.mode?.toString(8)],
          ['handles', system.holders],
          ['processes', system.pids.join(' ')],
          ['lifetime', system.lifetime],
        ] as Fact[])),
    ...numbers('geometry' in memory ? memory.geometry : {}, out),
    ...numbers('figures' in memory ? memory.figures : {}, out),
    ...('start' in memory ? [['first bytes', memory.start] as Fact] : []),
  ]
}

function numbers(properties: object, out: Output): Fact[] {
  return Object.entries(properties).map(([key, value]) => [key, /ageMs$/i.test(key) ? out.time(value) : value])
}

/** The facts that participants of this memory have besides those of all. */
function extrasOf(participants: readonly Participant[]): string[] {
  const common = new Set(['role', 'slot', 'state', 'pid', 'command', 'asleep', 'stopped', 'lanes'])
  return [...new Set(participants.flatMap((each) => Object.keys(each)))].filter((key) => !common.has(key))
}

function extraOf(participant: Participant, key: string): Cell {
  const value: unknown = (participant as unknown as Record<string, unknown>)[key]
  return typeof value === 'number' || value === undefined ? value : String(value)
}
