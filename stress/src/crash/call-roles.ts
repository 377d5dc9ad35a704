/** What the victims of calls do. crashing-process.ts calls these functions. */
import { type Handlers, inPlace, serve } from '@memlane/consumer'
import { connect } from '@memlane/producer'
import { api, call, type Infer, stream, struct, u32 } from '@memlane/protocol'
import { crashPoints } from './crash-point.js'
import type { Stage } from './queue-roles.js'

/** A request; and an answer, which tells what has answered. */
const Note = struct('Note', { number: u32, from: u32 })
type Note = Infer<typeof Note>

export const Notes = api('Notes', {
  plain: call(Note, Note),
  again: call(Note, Note, { idempotent: true }),
  place: call(Note, Note),
  fails: call(Note, Note),
  parts: call(Note, stream(Note)),
  /** The handler of a victim ends only when the call is given up. */
  hold: call(Note, Note),
  holdAgain: call(Note, Note, { idempotent: true }),
  /** Ends a victim. */
  stop: call(Note, Note),
})

const VICTIM = 1
export const SURVIVOR = 2
export const PARTS = 5
export const CALL_CAPACITY = 8
/** So many calls of the early client are cancelled after its first one: more than its ring has room for. */
export const CANCELLED = 2 * CALL_CAPACITY + 1
export const callOptions = { capacity: CALL_CAPACITY, maxClients: 2, maxServers: 2 }

/** @param begin called when a handler begins */
export function noteHandlers(
  me: number,
  holds: boolean,
  begin: (procedure: keyof typeof Notes.procedures, number: number) => void,
): Handlers<typeof Notes.procedures> {
  const answer = ({ number }: Note) => ({ number, from: me })
  const held = (procedure: 'hold' | 'holdAgain') => async (request: Note, context: { signal: AbortSignal }) => {
    begin(procedure, request.number)
    if (holds && !context.signal.aborted) {
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
    }
    return answer(request)
  }
  return {
    plain(request) {
      begin('plain', request.number)
      return answer(request)
    },
    async again(request) {
      begin('again', request.number)
      return answer(request)
    },
    place: inPlace((request, context) => {
      begin('place', request.number)
      Object.assign(context.reply(), answer(request))
    }),
    fails({ number }) {
      begin('fails', number)
      throw new RangeError(`note ${number}`)
    },
    async *parts({ number }) {
      begin('parts', number)
      for (let part = 0; part < PARTS; part++) yield { number: part, from: me }
    },
    hold: held('hold'),
    holdAgain: held('holdAgain'),
    stop(request) {
      begin('stop', request.number)
      return answer(request)
    },
  }
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

const join = ({ name }: Stage) => connect(name, Notes, { waitStrategy: 'park' })

/** Serves until `stop` is called, and gives up the calls that are held then. */
async function serveUntilStopped({ name, ask }: Stage, onServing: () => void = () => {}): Promise<void> {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const handlers = noteHandlers(VICTIM, true, (procedure, number) => {
    ask('begun', number)
    if (procedure === 'stop') stop()
  })
  const server = serve(name, Notes, handlers, { ...callOptions, waitStrategy: 'park' })
  onServing()
  await stopped
  await server.close({ timeoutMs: 0 })
}

/** Expects that a call is rejected with a code. */
async function rejection(code: string, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (error) => error,
  )
  demand(error?.code === code, `a call must end with ${code}, not ${error}`)
}

/** Takes all parts. Those that were there before the server died come first. */
async function drain(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const _part of parts);
}

export const callRoles = {
  async 'call-server'(stage: Stage) {
    await serveUntilStopped(stage)
  },
  /** Comes after a server that has died, and a client that has died. */
  async 'call-recoverer'(stage: Stage) {
    await serveUntilStopped(stage)
  },
  /** Lives while a server and a client die. */
  async 'call-watcher'(stage: Stage) {
    await serveUntilStopped(stage, () => stage.ask('dead'))
  },
  async 'call-client'(stage: Stage) {
    const note = () => ({ number: stage.intend(1), from: 0 })
    using client = await join(stage)
    demand(client.callSync('plain', note()).from === SURVIVOR, 'a wrong answer')
    const request = note()
    const number = client.inPlace('place').call(
      (view) => Object.assign(view, request),
      (view) => view.number,
    )
    demand(number === request.number, 'a wrong answer in place')
    await client.plain(note())
    await client.fails(note()).catch(() => {})
    let parts = 0
    for await (const part of client.parts(note())) demand(part.number === parts++, 'a wrong part')
    demand(parts === PARTS, 'parts are missing')
    for await (const part of client.parts(note())) if (part.number === 0) break
    const controller = new AbortController()
    const aborted = client.hold(note(), { signal: controller.signal }).catch(() => {})
    stage.ask('begun', crashPoints.committed)
    controller.abort()
    await aborted
    await client.hold(note(), { timeoutMs: 5 }).catch(() => {}) // may be answered when the time is over
    const ends = Array.from({ length: CALL_CAPACITY + 1 }, () => rejection('CLOSED', client.hold(note())))
    stage.ask('begun', crashPoints.committed)
    client.close()
    await Promise.all(ends)
  },
  /** Takes the place of a client that has died. */
  async 'call-successor'(stage: Stage) {
    using client = await join(stage)
    const calls = Array.from({ length: 3 }, () => client.plain({ number: stage.intend(1), from: 0 }))
    stage.ask('serve')
    for (const { from } of await Promise.all(calls)) demand(from === SURVIVOR, 'a wrong answer')
  },
  /** Its server dies. */
  async 'call-recovering-client'(stage: Stage) {
    const note = () => ({ number: stage.intend(1), from: 0 })
    using client = await join(stage)
    stage.ask('server')
    const died = rejection('DIED', client.hold(note()))
    const again = client.holdAgain(note())
    const streamed = rejection('DIED', drain(client.parts(note())))
    const stopped = rejection('DIED', client.stop(note()))
    stage.ask('dead')
    await Promise.all([died, streamed, stopped])
    stage.ask('serve')
    demand((await again).from === SURVIVOR, 'a wrong answer')
  },
  /** Its server dies while it blocks its thread: twice. */
  async 'call-blocked-client'(stage: Stage) {
    const note = () => ({ number: stage.intend(1), from: 0 })
    using client = await join(stage)
    stage.ask('server')
    let error: unknown
    try {
      client.callSync('stop', note())
    } catch (thrown) {
      error = thrown
    }
    demand((error as { code?: string } | undefined)?.code === 'DIED', `the call must end with DIED, not ${error}`)
    stage.ask('server')
    demand(client.callSync('holdAgain', note()).from === SURVIVOR, 'a wrong answer')
  },
  /** Cancels calls while an older one waits, and makes more calls than it has slots. Then the first server comes. */
  async 'call-early-client'(stage: Stage) {
    const note = () => ({ number: stage.intend(1), from: 0 })
    using client = await join(stage)
    const first = client.plain(note())
    const cancelled: Promise<unknown>[] = []
    for (let count = 0; count < CANCELLED; count++) {
      const controller = new AbortController()
      cancelled.push(client.plain(note(), { signal: controller.signal }).catch(() => {}))
      controller.abort()
    }
    await Promise.all(cancelled)
    const others = Array.from({ length: CALL_CAPACITY + 1 }, () => client.plain(note()))
    const there = client.waitForServer()
    stage.ask('serve')
    demand(await there, 'no server came')
    for (const { from } of await Promise.all([first, ...others])) demand(from === SURVIVOR, 'a wrong answer')
  },
  async 'call-loner'(stage: Stage) {
    const server = serve(
      stage.name,
      Notes,
      noteHandlers(SURVIVOR, false, () => {}),
    )
    {
      using client = await join(stage)
      for (let count = 0; count < 3; count++) await client.plain({ number: count, from: 0 })
    }
    await server.close()
  },
  async 'call-dead-server'(stage: Stage) {
    const handlers = noteHandlers(VICTIM, true, (procedure, number) => {
      stage.ask('begun', number)
      if (procedure === 'stop') crashPoints.die('with calls')
    })
    const server = serve(stage.name, Notes, handlers, callOptions)
    await new Promise(() => server.ref())
  },
  /** Dies when its server has died: with a call of each kind. */
  async 'call-dead-client'(stage: Stage) {
    const client = await join(stage)
    const note = { number: 0, from: 0 }
    const { servers } = client
    void client.plain(note)
    void client.parts(note).next()
    void client.hold(note)
    void client.holdAgain(note)
    void client.hold(note)
    void client.stop(note)
    void client.plain(note)
    while (client.servers === servers);
    crashPoints.die('with calls')
  },
}
