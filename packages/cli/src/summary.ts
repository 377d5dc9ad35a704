import {
  type Backlog,
  backlogOf,
  type Inspection,
  type Participant,
  type Rate,
  rateBetween,
  sidesOf,
} from '@memlane/inspect'
import type { Output } from './output.js'
import { processesCell } from './participants.js'
import type { Cell } from './table.js'

/** One memory in a line: what `ls` and `top` print. The keys are those of `--json`. */
export interface Summary extends Backlog {
  readonly name: string
  readonly shape: Inspection['shape']
  readonly schema: string | undefined
  readonly length: number | undefined
  readonly producers: readonly Participant[]
  readonly consumers: readonly Participant[]
  readonly perSecond: number | undefined
  readonly bytesPerSecond: number | undefined
  readonly findings: Inspection['findings']
}

/** @param before an earlier look, and how long ago it was: without it, there are no rates */
export function summaryOf(memory: Inspection, before: Inspection | undefined, ms: number): Summary {
  const { name, shape, length, findings } = memory
  const rate: Rate | undefined = rateBetween(before, memory, ms)
  return {
    name,
    shape,
    schema: 'schema' in memory ? memory.schema?.name : undefined,
    length,
    ...sidesOf(memory),
    perSecond: rate?.perSecond,
    bytesPerSecond: rate?.bytesPerSecond,
    ...backlogOf(memory),
    findings,
  }
}

/** The columns of `ls`. */
export const LIST_HEADER = [
  'name',
  'shape',
  'schema',
  'bytes',
  'producers',
  'consumers',
  'msg/s',
  'lag',
  'age',
  'state',
]

export function listRow(summary: Summary, out: Output): Cell[] {
  const { name, shape, schema, length, producers, consumers, perSecond, lagMessages, lagBytes, ageMs } = summary
  return [
    name,
    shape,
    schema,
    out.bytes(length),
    processesCell(producers),
    processesCell(consumers),
    out.number(perSecond),
    lagMessages === undefined && lagBytes !== undefined ? out.bytes(lagBytes) : out.number(lagMessages),
    out.time(ageMs),
    verdictCell(summary),
  ]
}

/** The columns of `top`. */
export const TOP_HEADER = [
  'name',
  'shape',
  'msg/s',
  'bytes/s',
  'lag',
  'lag bytes',
  'age',
  'drops',
  'from',
  'to',
  'state',
]

export function topRow(summary: Summary, out: Output): Cell[] {
  const { name, shape, perSecond, bytesPerSecond, lagMessages, lagBytes, ageMs, dropped } = summary
  const living = (participants: readonly Participant[]) => participants.filter(({ state }) => state === 'alive').length
  return [
    name,
    shape,
    out.number(perSecond),
    out.bytes(bytesPerSecond),
    out.number(lagMessages),
    out.bytes(lagBytes),
    out.time(ageMs),
    dropped,
    living(summary.producers),
    living(summary.consumers),
    verdictCell(summary),
  ]
}

/** The worst finding, or `ok`. */
export function verdictCell({ findings }: Pick<Inspection, 'findings'>): Cell {
  const worst = findings.find(({ severity }) => severity !== 'note')
  if (worst === undefined) return { text: 'ok', tone: 'green' }
  return { text: worst.code, tone: worst.severity === 'error' ? 'red' : 'yellow' }
}
