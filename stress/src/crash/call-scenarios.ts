import { setTimeout } from 'node:timers/promises'
import { Channel } from '@memlane/channel'
import { serve } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { type Client, connect, RemoteError } from '@memlane/producer'
import { callShape } from '@memlane/protocol/internal'
import { CallLeftovers, type Living } from '../call-leftovers.js'
import { CALL_CAPACITY, CANCELLED, callOptions, Notes, noteHandlers, PARTS, SURVIVOR } from './call-roles.js'
import type { Outcome, ScenarioRun } from './scenario-run.js'
import { HUNG_MS, within } from './time-limit.js'

type Scenario = (run: ScenarioRun) => Promise<Outcome>
type Caller = Client<typeof Notes.procedures>

/** The numbers with which handlers have begun. */
type Begun = number[]

function survivingServer(run: ScenarioRun, holds = false, begun: Begun = []) {
  const handlers = noteHandlers(SURVIVOR, holds, (_procedure, number) => begun.push(number))
  return run.keep(serve(run.name, Notes, handlers, { ...callOptions, waitStrategy: 'park' }))
}

async function survivingClient(run: ScenarioRun): Promise<Caller> {
  return run.keep(await connect(run.name, Notes, { waitStrategy: 'park', timeoutMs: HUNG_MS }))
}

/** Creates the memory, which then has a client and no server. */
async function start(run: ScenarioRun): Promise<Caller> {
  const server = serve(
    run.name,
    Notes,
    noteHandlers(SURVIVOR, false, () => {}),
    callOptions,
  )
  const client = await survivingClient(run)
  await server.close()
  return client
}

/** The survivors of most scenarios, when their victims have died. */
const SURVIVORS: Living = { clients: 1, servers: 1 }

/** A victim that continues now usually makes its next call before this time has passed. */
const HEAD_START_MS = 5
/** Calls of a survivor have larger numbers than those of victims and newcomers. */
const FIRST = 1000

/** Calls of a survivor to a victim. Each must be settled, and tell what is true. */
class Calls {
  /** The numbers with which handlers of victims, and those of the survivor that comes first, have begun. */
  readonly begun: Begun = []
  readonly #client: Caller
  readonly #calls: Promise<void>[] = []
  readonly #idempotent = new Set<number>()
  #number = FIRST

  constructor(client: Caller) {
    this.#client = client
  }

  /** What victims ask for: notes that a handler has begun. */
  readonly hear = (word: string, number: number): void => {
    if (word === 'begun') this.begun.push(number)
  }

  /** Begins a call whose server may die. An idempotent one must get an answer nevertheless. */
  begin(procedure: 'plain' | 'again' | 'place' | 'fails' | 'hold' | 'holdAgain' | 'stop'): Promise<void> {
    const number = ++this.#number
    const isIdempotent = procedure === 'again' || procedure === 'holdAgain'
    if (isIdempotent) this.#idempotent.add(number)
    const settled = this.#client[procedure]({ number, from: 0 }).then(
      (answer) => {
        if (answer.number !== number || procedure === 'fails') throw new Error(`a wrong answer to ${procedure}`)
      },
      (error) => {
        const isRemote = error instanceof RemoteError && error.message === `note ${number}`
        const isDeath = error.code === 'DIED' && error.taken === true && !isIdempotent
        if (!(isDeath || (procedure === 'fails' && isRemote))) throw error
      },
    )
    return this.#add(settled)
  }

  /** @param wanted leaves the loop over the parts after so many */
  stream(wanted = PARTS + 1): Promise<void> {
    const take = async () => {
      let next = 0
      try {
        for await (const { number } of this.#client.parts({ number: ++this.#number, from: 0 })) {
          if (number !== next++) throw new Error(`part ${number} came instead of ${next - 1}`)
          if (next === wanted) return
        }
      } catch (error) {
        const { code, taken } = error as { code?: string; taken?: boolean }
        if (code === 'DIED' && taken === true) return
        throw error
      }
      if (next !== PARTS) throw new Error(`${next} parts came`)
    }
    return this.#add(take())
  }

  /** Begins a call, and gives it up when it may have begun. */
  abort(): Promise<void> {
    const signal = AbortSignal.timeout(3)
    const call = this.#client.hold({ number: ++this.#number, from: 0 }, { signal })
    const settled = call.then(
      () => {},
      (error) => {
        if (error !== signal.reason && error.code !== 'DIED') throw error
      },
    )
    return this.#add(settled)
  }

  async each(): Promise<void> {
    void this.begin('hold')
    void this.begin('holdAgain')
    await this.abort()
    await this.begin('plain')
    await this.begin('again')
    await this.begin('place')
    await this.begin('fails')
    await this.stream()
    await this.stream(1)
    await this.begin('stop')
  }

  async settled(): Promise<void> {
    for (let count = 0; count < this.#calls.length; count++)
      await within('the end of a call', this.#calls[count] as Promise<void>)
    const twice = this.begun.filter((number, index) => {
      return number > FIRST && !this.#idempotent.has(number) && this.begun.indexOf(number) !== index
    })
    if (twice.length > 0) throw new Error(`handlers began twice with ${twice.join()}`)
  }

  #add(call: Promise<void>): Promise<void> {
    this.#calls.push(call)
    call.catch(() => {}) // `settled` gets the error
    return call
  }
}

/** Waits until nothing is left of calls and of the dead. */
async function checkFree(run: ScenarioRun, living: Living): Promise<void> {
  const channel = Channel.open(callShape, run.name, undefined, {})
  const leftovers = new CallLeftovers(channel, living)
  try {
    for (const start = performance.now(); leftovers.find() !== undefined; await setTimeout(1)) {
      if (performance.now() - start > HUNG_MS) throw new Error(`left in memory: ${leftovers.find()}`)
    }
  } finally {
    channel.close()
  }
}

/** Checks that more calls than there are slots get answers. */
async function checkUsable(client: Caller): Promise<void> {
  const calls = Array.from({ length: CALL_CAPACITY + 1 }, (_, number) => client.plain({ number, from: 0 }))
  const answers = await within('the answers', Promise.all(calls))
  answers.forEach(({ number, from }, index) => {
    if (number !== index || from !== SURVIVOR) throw new Error(`answer ${number} of ${from} to call ${index}`)
  })
}

/** A server and a client die, with calls of that client and of another one. */
async function bothDie(run: ScenarioRun, client: Caller, calls: Calls): Promise<void> {
  const server = run.crashBefore('call-dead-server', 0, calls.hear)
  await within('a server', client.waitForServer())
  void calls.begin('hold')
  void calls.begin('holdAgain')
  await Promise.all([server, run.crashBefore('call-dead-client')])
}

/** Another server takes over from a victim, and another client comes. */
async function takeOver(run: ScenarioRun, calls: Calls): Promise<void> {
  survivingServer(run, false, calls.begun)
  await calls.settled()
  await checkFree(run, SURVIVORS)
  survivingServer(run)
  await checkUsable(await survivingClient(run))
}

export const callScenarios = {
  'call-server': async (run) => {
    const calls = new Calls(await start(run))
    const calling = calls.each()
    calling.catch(() => {})
    const outcome = await run.crash('call-server', {}, calls.hear)
    survivingServer(run, false, calls.begun)
    await within('the calls', calling)
    await calls.settled()
    await checkFree(run, SURVIVORS)
    survivingServer(run)
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-recoverer': async (run) => {
    const client = await start(run)
    const calls = new Calls(client)
    await bothDie(run, client, calls)
    void calls.begin('stop')
    const outcome = await run.crash('call-recoverer', {}, calls.hear)
    await takeOver(run, calls)
    return outcome
  },
  'call-watcher': async (run) => {
    const client = await start(run)
    const calls = new Calls(client)
    const outcome = await run.crash('call-watcher', {}, async (word, number) => {
      calls.hear(word, number)
      if (word !== 'dead') return
      const dead = run.crashBefore('call-dead-server', 0, calls.hear)
      while (client.servers < 2) await setTimeout(1)
      void calls.begin('holdAgain')
      await Promise.all([dead, run.crashBefore('call-dead-client')])
      void calls.begin('stop')
    })
    await takeOver(run, calls)
    return outcome
  },
  'call-client': async (run) => {
    const begun: Begun = []
    const server = survivingServer(run, true, begun)
    const outcome = await run.crash('call-client', {}, async (_word, number) => {
      while (!begun.includes(number)) await setTimeout(1)
    })
    await checkFree(run, { clients: 0, servers: 1 })
    const ended = async () => {
      while (server.running > 0) await setTimeout(1)
    }
    await within('the end of the handlers', ended())
    const wrong = begun.filter((number, index) => number > outcome.committed || begun.indexOf(number) !== index)
    if (wrong.length > 0) throw new Error(`handlers began with ${begun.join()}; ${outcome.committed} calls were made`)
    await checkUsable(await survivingClient(run))
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-successor': async (run) => {
    const client = await start(run)
    const calls = new Calls(client)
    await bothDie(run, client, calls)
    let isServed = false
    const outcome = await run.crash('call-successor', {}, () => {
      isServed = true
      survivingServer(run, false, calls.begun)
    })
    if (!isServed) survivingServer(run, false, calls.begun)
    await calls.settled()
    await checkFree(run, SURVIVORS)
    await checkUsable(client)
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-recovering-client': async (run) => {
    const client = await start(run)
    let server: Promise<unknown> | undefined
    let isServed = false
    const outcome = await run.crash('call-recovering-client', {}, async (word) => {
      if (word === 'server') {
        server = run.crashBefore('call-dead-server')
        await within('a server', client.waitForServer())
      } else if (word === 'dead') await server
      else {
        isServed = true
        survivingServer(run)
      }
    })
    const calls = new Calls(client)
    void calls.begin('stop')
    if (server !== undefined && !isServed) await within('the end of the server', server)
    if (!isServed) survivingServer(run)
    await calls.settled()
    await checkFree(run, SURVIVORS)
    await checkUsable(client)
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-blocked-client': async (run) => {
    const client = await start(run)
    const calls = new Calls(client)
    let isServed = false
    const serveLater = () => {
      if (isServed) return
      isServed = true
      survivingServer(run, false, calls.begun)
    }
    let died: Promise<unknown> = Promise.resolve()
    let isSecond = false
    const outcome = await run.crash('call-blocked-client', {}, async () => {
      await died
      died = run.crashBefore('call-dead-server', 0, calls.hear)
      await within('a server', client.waitForServer())
      if (isSecond) {
        void setTimeout(HEAD_START_MS).then(() => calls.begin('stop'))
        died = died.then(serveLater)
      }
      isSecond = true
    })
    if (outcome.died) void calls.begin('stop')
    await within('the end of the servers', died)
    serveLater()
    await calls.settled()
    await checkFree(run, SURVIVORS)
    await checkUsable(client)
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-early-client': async (run) => {
    const client = await start(run)
    const begun: Begun = []
    let isServed = false
    const outcome = await run.crash('call-early-client', {}, () => {
      isServed = true
      survivingServer(run, false, begun)
    })
    if (!isServed) survivingServer(run, false, begun)
    await checkFree(run, SURVIVORS)
    const isWrong = (number: number) => number > outcome.committed || (number > 1 && number <= 1 + CANCELLED)
    const wrong = begun.filter((number, index) => isWrong(number) || begun.indexOf(number) !== index)
    if (wrong.length > 0) throw new Error(`handlers began with ${begun.join()}; ${outcome.committed} calls were made`)
    await checkUsable(client)
    await checkUsable(await survivingClient(run))
    return outcome
  },
  'call-loner': async (run) => {
    const outcome = await run.crash('call-loner')
    SharedMemory.list()
    run.checkNothingLeft()
    survivingServer(run)
    await checkUsable(await survivingClient(run))
    return outcome
  },
} satisfies Record<string, Scenario>
