import { type Direction, directionOf, type RoleReport, type Trial, type TrialReport } from './trial.js'

/** One figure of one trial. */
export interface Measurement {
  readonly metric: string
  readonly unit: string
  readonly value: number
  readonly mean?: number
  readonly p50?: number
  readonly p99?: number
  readonly p999?: number
}

export const MESSAGES = 'messages received'
export const CHECKED = 'messages checked one by one'
const LOST = 'messages overwritten unread, warm-up included'
export const PROCESSOR_TIME = 'CPU time per message received'
export const ROUND_TRIP = 'round trip'
/** For disturbed conversations, where the mean says more than the median. */
export const MEAN_ROUND_TRIP = 'mean round trip'
const ROUND_TRIP_IN_BLOCKS = 'round trip, clock read once in 64'
const TRIP_PROCESSOR_TIME = 'CPU time of both sides per round trip'
const HTTP_REQUESTS = 'HTTP requests served in the meantime'
export const IDLE_HUB = 'CPU time of the idle hub'
export const IDLE_SPOKE = 'CPU time of the idle spoke'

/** Turns the reports of a trial's processes into figures. */
export function measurementsOf(trial: Trial, report: TrialReport): Measurement[] {
  return FIGURES[directionOf(trial)](trial, report)
}

const FIGURES: Readonly<Record<Direction, (trial: Trial, report: TrialReport) => Measurement[]>> = {
  'hub sends': (trial, report) => [...throughputOf(trial, report), ...garbageOf(report)],
  'spokes send': throughputOf,
  'hub asks': roundTripOf,
  'nobody sends': (_trial, report) => idleTimeOf(report),
}

/** If the hub sends, each spoke receives all of its messages. If the spokes send, the hub receives all of theirs. */
function throughputOf(trial: Trial, { hub, spokes }: TrialReport): Measurement[] {
  const receivers = directionOf(trial) === 'spokes send' || spokes.length === 0 ? [hub] : spokes
  const receivedPerMessage = directionOf(trial) === 'spokes send' ? 1 : Math.max(1, spokes.length)
  const perSecond = sum(receivers.map((each) => each.messages / each.seconds))
  const hubNs = hub.processorNs / (hub.messages * receivedPerMessage)
  const spokesNs =
    spokes.length === 0 ? 0 : sum(spokes.map((each) => each.processorNs)) / sum(spokes.map((each) => each.messages))
  const figures = [
    { metric: MESSAGES, unit: '1/s', value: perSecond },
    { metric: PROCESSOR_TIME, unit: 'ns', value: hubNs + spokesNs },
  ]
  if (trial.messages === 0) return figures
  const lost = receivers.flatMap((each) => (each.lost === undefined ? [] : [each.lost]))
  return [
    ...figures,
    { metric: CHECKED, unit: 'count', value: sum(receivers.map((each) => each.messages)) },
    ...(lost.length === 0 ? [] : [{ metric: LOST, unit: 'count', value: sum(lost) }]),
  ]
}

function roundTripOf({ workload }: Trial, { hub, spokes }: TrialReport): Measurement[] {
  if (hub.roundTrip === undefined) throw new Error('the hub reports no round trips')
  const { block, mean, p50, p99, p999 } = hub.roundTrip
  const processorNs = sum([hub, ...spokes].map((each) => each.processorNs)) / hub.messages
  return [
    workload === 'contended'
      ? { metric: MEAN_ROUND_TRIP, unit: 'ns', value: mean, mean, p50, p99, p999 }
      : { metric: ROUND_TRIP, unit: 'ns', value: p50, mean, p50, p99, p999 },
    ...(block === 0 || workload === 'contended' ? [] : [{ metric: ROUND_TRIP_IN_BLOCKS, unit: 'ns', value: block }]),
    { metric: TRIP_PROCESSOR_TIME, unit: 'ns', value: processorNs },
    ...spokes.flatMap(({ httpRequests, seconds }) =>
      httpRequests === undefined ? [] : [{ metric: HTTP_REQUESTS, unit: '1/s', value: httpRequests / seconds }],
    ),
  ]
}

function garbageOf({ hub, spokes }: TrialReport): Measurement[] {
  const named = [{ name: 'hub', role: hub }, ...spokes.map((role) => ({ name: 'spoke', role }))]
  return named.flatMap(({ name, role: { garbage } }) =>
    garbage === undefined
      ? []
      : [
          { metric: `heap growth of the ${name}`, unit: 'bytes', value: garbage.heapGrowth },
          { metric: `garbage collections of the ${name}`, unit: 'count', value: garbage.collections },
        ],
  )
}

/** Shows the busiest spoke. Workers have no figure of their own: their time is part of the hub's. */
function idleTimeOf({ hub, spokes }: TrialReport): Measurement[] {
  const ofHub = { metric: IDLE_HUB, unit: 'ms/s', value: idleOf(hub) }
  const ofSpoke = { metric: IDLE_SPOKE, unit: 'ms/s', value: Math.max(...spokes.map(idleOf)) }
  return ofSpoke.value === 0 ? [ofHub] : [ofHub, ofSpoke]
}

function idleOf({ processorNs, seconds }: RoleReport): number {
  return processorNs / 1e6 / seconds
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
