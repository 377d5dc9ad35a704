import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ABANDONED,
  ANSWERED,
  CallControl,
  CallWriter,
  callShape,
  DIED,
  DONE,
  giveBackOf,
  joinConsumers,
  kindOf,
  leaveConsumers,
  newChannelHeader,
  PART,
  ProducerPlace,
  QueueTaker,
  READY,
  RETURNED_CALL,
  TAKEN,
  withKindOf,
} from '../src/internal.js'
import { slotWord } from '../src/slots/slot-word.js'
import { HINT } from '../src/slots/slots-layout.js'

const CLIENTS = 2
const SERVERS = 3
const CAPACITY = 4
const LENGTH = 8

const KINDS = {
  ...{ ready: READY, taken: TAKEN, part: PART, answered: ANSWERED, returned: RETURNED_CALL },
  ...{ died: DIED, abandoned: ABANDONED },
}

/** What the reference knows of a call. */
interface Call {
  readonly id: number
  readonly client: number
  readonly slot: number
  readonly index: number
  readonly isIdempotent: boolean
  state: keyof typeof KINDS | 'gone'
  server: number
  /** What the last take stored. */
  taken: number
  takes: number
  /** True if the client was told, and has not looked since. */
  isTold: boolean
}

const isIdempotent = (procedure: number) => procedure === 1
const always = () => true

/** A channel of calls on plain memory, and lists that it must behave like. */
class Trial {
  readonly control: CallControl
  readonly calls: Call[] = []
  readonly writers: CallWriter[] = []
  readonly takers: QueueTaker[] = []

  constructor(start: number, generation: number) {
    const lengths = { capacity: CAPACITY, maxRequestLength: LENGTH, maxAnswerLength: 224 }
    const fields = { ...lengths, maxClients: CLIENTS, maxServers: SERVERS }
    const header = newChannelHeader(callShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
    this.control = new CallControl(new ArrayBuffer(header.length), header)
    const { control } = this
    for (let client = 0; client < CLIENTS; client++) {
      control.words[control.tailIndex(client)] = start
      control.words[control.producers.slotIndex(client) + HINT] = start
      control.forEachSlotOf(client, (index) => {
        control.words[index] = slotWord(0, 0, generation)
      })
      this.connect(client)
    }
    for (let server = 0; server < SERVERS; server++) this.serve(server)
  }

  connect(client: number): void {
    new ProducerPlace(this.control, client)
    this.writers[client] = new CallWriter(this.control, client)
  }

  serve(server: number): void {
    joinConsumers(this.control, server)
    this.takers[server] = new QueueTaker(this.control, server, 4711, () => 0, { hasNotes: false })
  }

  /** One of the calls that `test` is true for; undefined if there is none. */
  one(which: number, test: (call: Call) => boolean): Call | undefined {
    const found = this.calls.filter((call) => call.state !== 'gone' && test(call))
    return found[which % found.length]
  }

  send(client: number, procedure: number): void {
    const writer = this.writers[client] as CallWriter
    const slot = writer.claim()
    const live = this.calls.filter((call) => call.client === client && call.state !== 'gone')
    expect(slot === -1).toBe(live.length === CAPACITY)
    if (slot === -1) return
    const index = writer.indexOf(slot)
    const id = this.calls.length
    const state = 'ready' as const
    const call = { id, client, slot, index, state, server: -1, taken: 0, takes: 0, isTold: false }
    this.calls.push({ ...call, isIdempotent: isIdempotent(procedure) })
    this.control.data.setUint32(this.control.requestOf(index), id, true)
    writer.publish(slot, procedure, LENGTH, id + 1)
  }

  take(server: number): void {
    const taker = this.takers[server] as QueueTaker
    const isThere = this.calls.some(({ state }) => state === 'ready' || state === 'returned')
    if (isThere) expect(taker.isThere()).toBe(true)
    const index = taker.take()
    expect(index !== -1).toBe(isThere)
    if (index === -1) return
    const { control } = this
    const call = this.calls[control.data.getUint32(control.requestOf(index), true)] as Call
    expect(call.state).toMatch(/ready|returned/)
    expect([call.index, control.requestLengthOf(index), control.deadlineOf(index)]).toEqual([
      index,
      LENGTH,
      call.id + 1,
    ])
    expect([control.producerOf(index), isIdempotent(control.procedureOf(index))]).toEqual([
      call.client,
      call.isIdempotent,
    ])
    Object.assign(call, { state: 'taken', server, taken: taker.taken, takes: call.takes + 1 })
  }

  answer(server: number, which: number): void {
    const call = this.one(which, ({ state, ...each }) => each.server === server && /taken|abandoned/.test(state))
    if (call === undefined) return
    const { control } = this
    const isWanted = call.state === 'taken'
    // The client may have sent its next request: only a held slot may be written.
    control.data.setUint32(control.answerOf(call.index), call.id, true)
    expect(control.answer(call.index, call.taken, DONE, LENGTH)).toBe(isWanted)
    this.tell(call, isWanted ? 'answered' : 'gone')
  }

  handOver(server: number, which: number): void {
    const isOpen = ({ state, ...call }: Call) => call.server === server && !call.isIdempotent && state === 'taken'
    const call = this.one(which, isOpen)
    if (call === undefined) return
    expect(this.control.handOver(call.index, call.taken, LENGTH)).toBe(true)
    this.tell(call, 'part')
  }

  handBack(client: number, which: number): void {
    const call = this.one(which, (each) => each.client === client && each.state === 'part')
    if (call === undefined) return
    expect(this.control.leave(call.index, withKindOf(call.taken, PART), TAKEN)).toBe(true)
    call.state = 'taken'
  }

  /** The client reads an answer, or learns of a death. */
  collect(client: number, which: number): void {
    const call = this.one(which, ({ state, ...each }) => each.client === client && /answered|died/.test(state))
    if (call === undefined) return
    const { control } = this
    const writer = this.writers[client] as CallWriter
    if (call.state === 'answered') {
      expect(control.data.getUint32(control.answerOf(call.index), true)).toBe(call.id)
      expect([control.statusOf(call.index), control.answerLengthOf(call.index)]).toEqual([DONE, LENGTH])
    }
    expect(writer.takesOf(call.slot)).toBe(call.takes)
    writer.vacate(call.slot)
    call.state = 'gone'
  }

  cancel(client: number, which: number): void {
    const call = this.one(which, (each) => each.client === client && each.state !== 'abandoned')
    if (call === undefined) return
    const { state } = call
    expect(kindOf(this.control.cancel(call.index))).toBe(KINDS[state as keyof typeof KINDS])
    if (state === 'answered' || state === 'died') return
    call.state = state === 'taken' || state === 'part' ? 'abandoned' : 'gone'
    ;(this.writers[client] as CallWriter).vacate(call.slot)
  }

  look(client: number): void {
    const writer = this.writers[client] as CallWriter
    const told = this.calls.filter((call) => call.client === client && call.isTold && call.state !== 'gone')
    if (told.length > 0) expect(writer.hasDone()).toBe(true)
    const slots: number[] = []
    writer.forEachDone((slot) => slots.push(slot))
    const wanted = told.filter(({ state }) => state !== 'abandoned').map(({ slot }) => slot)
    expect(slots).toEqual(expect.arrayContaining(wanted))
    expect(writer.hasDone()).toBe(false)
    for (const call of this.calls) if (call.client === client) call.isTold = false
  }

  killServer(server: number): void {
    const changed = new Set<number>()
    giveBackOf(this.control, server, always, (index) => {
      if (this.control.giveUp(index, server, always, isIdempotent) === undefined) return
      changed.add(index)
      this.control.announceDone(index)
    })
    const held = this.calls.filter(({ state, ...call }) => call.server === server && /taken|part|abandoned/.test(state))
    expect([...changed].sort()).toEqual(held.map(({ index }) => index).sort())
    for (const call of held) {
      call.isTold = true
      call.state = call.state === 'abandoned' ? 'gone' : call.isIdempotent ? 'returned' : 'died'
    }
    leaveConsumers(this.control, server)
    this.serve(server)
  }

  killClient(client: number): void {
    const rung: number[] = []
    this.control.cleanUpAfter(client, always, (server) => rung.push(server))
    this.control.clearDone(client)
    const servers: number[] = []
    for (const call of this.calls) {
      if (call.client !== client || call.state === 'gone') continue
      const isHeld = call.state === 'taken' || call.state === 'part'
      if (isHeld) servers.push(call.server)
      call.state = isHeld || call.state === 'abandoned' ? 'abandoned' : 'gone'
      call.isTold = false
    }
    expect(rung.sort()).toEqual(servers.sort())
    this.connect(client)
  }

  tell(call: Call, state: Call['state']): void {
    call.state = state
    call.isTold = true
    this.control.announceDone(call.index)
  }

  check(): void {
    for (const { state, index } of this.calls) {
      if (state !== 'gone') expect(kindOf(this.control.words[index] as number)).toBe(KINDS[state])
    }
  }
}

type Step = (trial: Trial) => void
const client = fc.nat(CLIENTS - 1)
const server = fc.nat(SERVERS - 1)
const which = fc.nat(7)

function steps(weight: number, place: fc.Arbitrary<number>, run: (trial: Trial, place: number, which: number) => void) {
  const arbitrary: fc.Arbitrary<Step> = fc.tuple(place, which).map(
    ([p, w]) =>
      (trial: Trial) =>
        run(trial, p, w),
  )
  return { weight, arbitrary }
}

const step = fc.oneof(
  steps(8, client, (trial, c, w) => trial.send(c, w % 2)),
  steps(8, server, (trial, s) => trial.take(s)),
  steps(5, server, (trial, s, w) => trial.answer(s, w)),
  steps(3, server, (trial, s, w) => trial.handOver(s, w)),
  steps(3, client, (trial, c, w) => trial.handBack(c, w)),
  steps(5, client, (trial, c, w) => trial.collect(c, w)),
  steps(4, client, (trial, c, w) => trial.cancel(c, w)),
  steps(2, client, (trial, c) => trial.look(c)),
  steps(1, server, (trial, s) => trial.killServer(s)),
  steps(1, client, (trial, c) => trial.killClient(c)),
)

describe('calls', () => {
  it('behave like a list of calls, whatever clients and servers do and whoever dies', () => {
    const starts = fc.constantFrom(0, 5, 0x7fff_fffb, -3)
    const generations = fc.constantFrom(0, 0xff_fffd)
    fc.assert(
      fc.property(starts, generations, fc.array(step, { minLength: 1, maxLength: 200 }), (start, generation, all) => {
        const trial = new Trial(start, generation)
        for (const each of all) {
          each(trial)
          trial.check()
        }
      }),
      { seed, numRuns: 300 },
    )
  })
})
