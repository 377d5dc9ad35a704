import type { StreamEnd } from '@memlane/consumer'
import type { DiskFigures } from '@memlane/demo-shared/machine'
import type { MachineFigures } from '@memlane/demo-shared/machine-figures'

/** The progress of receiving from a stream. */
export interface StreamProgress {
  /** Messages a second. */
  rate: number
  /** Messages in the stream that have not been received yet. */
  lag: number
  /** Messages that were overwritten before they could be received. */
  missed: number
}

/** The progress of reading a latest. */
export interface LatestProgress {
  /** Values a second. */
  rate: number
  /** Milliseconds since the newest value was set; undefined if none was. */
  age: number | undefined
  /** Values that were replaced before they could be read. */
  skipped: number
}

/** The progress of taking messages from a queue. */
export interface QueueProgress {
  /** Messages a second that this process takes. */
  rate: number
  /** How many times the message was delivered, to this process or another one. */
  delivery: number
  /** Messages that no process has taken yet. */
  ready: number
}

/** The progress of calls. */
export interface CallProgress {
  /** Parts of the answer a second. */
  rate: number
  /** First processes that live. */
  servers: number
  /** The answer to the last call for a disk; undefined if none has come in time. */
  disk: DiskFigures | undefined
  /** Milliseconds until that call was answered. */
  roundTrip: number
}

/** How the first process has gone. `gone`: it has closed, or a queue does not say whether it has closed or died. */
export type EndOfFirst = StreamEnd | 'gone'

/** Labels and values. */
export type Rows = [label: string, value: string][]

export function figureRows(figures: MachineFigures): Rows {
  return [
    ['message', `${figures.sequence}`],
    ['sent at', clock(figures.sentAt)],
    ['from process', `${figures.pid}`],
    [`${figures.processors} processors busy`, percent(figures.processorsBusy)],
    ['load in 1, 5, 15 minutes', figures.load.map((load) => load.toFixed(2)).join('  ')],
    ['memory used', memoryUsed(figures)],
    ['up', duration(figures.uptime)],
    ['its memory', mebibytes(figures.memoryResident)],
    ['its heap', mebibytes(figures.heapUsed)],
    ['its CPU time', percent(figures.processorShare)],
    ['its event loop busy', percent(figures.eventLoopBusy)],
  ]
}

export function streamRows({ rate, lag, missed }: StreamProgress): Rows {
  return [
    ['rate', `${rate.toFixed(1)}/s`],
    ['lag', `${lag}`],
    ['missed', `${missed}`],
  ]
}

export function latestRows({ rate, age, skipped }: LatestProgress): Rows {
  return [
    ['rate', `${rate.toFixed(1)}/s`],
    ['age', age === undefined ? '' : `${age.toFixed(0)} ms`],
    ['skipped', `${skipped}`],
  ]
}

export function queueRows({ rate, delivery, ready }: QueueProgress): Rows {
  return [
    ['rate', `${rate.toFixed(1)}/s`],
    ['delivery', `${delivery}`],
    ['ready', `${ready}`],
  ]
}

export function callRows({ rate, servers, disk, roundTrip }: CallProgress): Rows {
  return [
    ['rate', `${rate.toFixed(1)}/s`],
    ['servers', `${servers}`],
    ['disk used', disk ? used(disk) : ''],
    ['round trip', disk ? `${roundTrip.toFixed(2)} ms` : ''],
  ]
}

export function figuresLine(figures: MachineFigures, progress: Rows): string {
  const parts: Rows = [
    ['message', `${figures.sequence}`],
    ['from', `${figures.pid}`],
    ['busy', percent(figures.processorsBusy)],
    ['load', (figures.load[0] ?? 0).toFixed(2)],
    ['memory', memoryUsed(figures)],
    ['process', `${mebibytes(figures.memoryResident)} ${percent(figures.processorShare)}`],
    ...progress,
  ]
  return parts.map((part) => part.join(' ')).join('  ')
}

function memoryUsed({ memoryTotal: total, memoryFree: free }: MachineFigures): string {
  return used({ total, free })
}

function used({ total, free }: DiskFigures): string {
  return `${gibibytes(total - free)} of ${gibibytes(total)} GiB`
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Formats a time: `14:03:22.5`. */
function clock(at: number): string {
  const time = new Date(at)
  const tenths = Math.floor(time.getMilliseconds() / 100)
  return `${[time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')}.${tenths}`
}

/** Formats a duration: `3 d 04:11`. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)} d ${twoDigits(hours % 24)}:${twoDigits(minutes % 60)}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
