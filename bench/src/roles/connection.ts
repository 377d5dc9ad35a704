import { setTimeout } from 'node:timers/promises'
import { type Direction, directionOf, type RoleReport, type Trial } from '../trial.js'
import { BEGIN, END } from './content.js'
import { produce } from './produce.js'
import type { Role, Roles } from './roles.js'
import { measureRoundTrips } from './round-trips.js'
import type { Spoke } from './spoke.js'
import { Stopwatch } from './stopwatch.js'
import { Tally } from './tally.js'
import { work } from './work.js'

/** One end of something that carries messages both ways. */
export interface Connection {
  /**
   * Sends message number `sequence`, or keeps it until there are enough messages for a burst.
   *
   * @returns a promise if there is no more room; the promise settles when there is room again
   */
  send(sequence: number): Promise<void> | undefined
  /** Sends the messages that were kept. */
  flush(): Promise<void> | undefined
  /** Gets the number of each message that has come and whose content was right. */
  onMessage: (sequence: number) => void
  close(): void
}

/** How a peer connects the hub with the spokes. */
export interface Transport {
  /** Starts the spokes and connects with each. */
  hub(trial: Trial): Promise<{ spokes: readonly Spoke[]; connections: readonly Connection[]; close?(): void }>
  spoke(trial: Trial, index: number): Promise<Connection>
}

/** Makes the roles of a peer that delivers messages to a callback in the event loop. */
export function rolesOver(transport: Transport): Roles {
  return {
    async hub(trial) {
      const { spokes, connections, close } = await transport.hub(trial)
      return {
        spokes,
        run: HUB_RUNS[directionOf(trial)](trial, connections),
        close() {
          for (const connection of connections) connection.close()
          close?.()
        },
      }
    },
    async spoke(trial, index) {
      const connection = await transport.spoke(trial, index)
      return { run: SPOKE_RUNS[directionOf(trial)](trial, connection), close: () => connection.close() }
    },
  }
}

type Run = Role['run']

/** The hub's work. Each function starts to listen at once, before a message can come, and returns a function that does the rest. */
const HUB_RUNS: Readonly<Record<Direction, (trial: Trial, connections: readonly Connection[]) => Run>> = {
  'hub sends': (trial, connections) => () => sendToAll(trial, connections),
  'spokes send': (_trial, connections) => receive(connections),
  'hub asks': ask,
  'nobody sends': (trial, connections) => () => idle(trial, connections),
}

/** A spoke's work, likewise. */
const SPOKE_RUNS: Readonly<Record<Direction, (trial: Trial, connection: Connection) => Run>> = {
  'hub sends': (_trial, connection) => receive([connection]),
  'spokes send': (trial, connection) => () => sendToAll(trial, [connection]),
  'hub asks': answer,
  'nobody sends': (_trial, connection) => receive([connection]),
}

function sendToAll(trial: Trial, connections: readonly Connection[]): Promise<RoleReport> {
  const [only, ...others] = connections
  if (only === undefined) throw new Error('there is no connection')
  const send = (sequence: number) =>
    others.length === 0 ? only.send(sequence) : waitForAll(connections.map((each) => each.send(sequence)))
  const sendAll = async (first: number, count: number) => {
    for (let sequence = first; sequence < first + count; sequence++) {
      const room = send(sequence)
      if (room !== undefined) await room
    }
  }
  return produce(trial, sendAll, () => waitForAll(connections.map((each) => each.flush())))
}

function waitForAll(rooms: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const full = rooms.filter((room) => room !== undefined)
  return full.length === 0 ? undefined : Promise.all(full).then(() => {})
}

function receive(connections: readonly Connection[]): Run {
  const tally = new Tally(connections.length)
  const report = new Promise<RoleReport>((resolve) => {
    for (const [producer, connection] of connections.entries()) {
      connection.onMessage = (sequence) => {
        tally.take(producer, sequence)
        if (tally.ended) resolve(tally.report)
      }
    }
  })
  return () => report
}

function ask(trial: Trial, [connection]: readonly Connection[]): Run {
  if (connection === undefined) throw new Error('there is no connection')
  let asked = 0
  let settle = () => {}
  connection.onMessage = (sequence) => {
    if (sequence !== asked) throw new Error(`answer ${sequence} came to question ${asked}`)
    settle()
  }
  const trip = (sequence: number) =>
    new Promise<void>((resolve) => {
      asked = sequence
      settle = resolve
      connection.send(sequence)
      connection.flush()
    })
  return async () => {
    const report = await measureRoundTrips(trial, trip)
    await trip(END)
    return report
  }
}

function answer({ answerUs }: Trial, connection: Connection): Run {
  let next = 0
  const stopwatch = new Stopwatch()
  const report = new Promise<RoleReport>((resolve) => {
    connection.onMessage = (sequence) => {
      if (answerUs !== undefined) work(answerUs)
      void connection.send(sequence)
      const sent = connection.flush()
      if (sequence === next) next++
      else if (sequence === END) void Promise.resolve(sent).then(() => resolve(stopwatch.stop(next)))
      else throw new Error(`question ${sequence} came in place of ${next}`)
    }
  })
  return () => report
}

/** Sends BEGIN and END, and nothing in between. */
async function idle(trial: Trial, connections: readonly Connection[]): Promise<RoleReport> {
  const say = async (sequence: number) => {
    for (const connection of connections) {
      await connection.send(sequence)
      await connection.flush()
    }
  }
  await setTimeout(trial.warmUpSeconds * 1000)
  await say(BEGIN)
  const stopwatch = new Stopwatch()
  await setTimeout(trial.seconds * 1000)
  const report = stopwatch.stop(0)
  await say(END)
  return report
}
