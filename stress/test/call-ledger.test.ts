import { uniqueName } from '@memlane/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as atomics from '../../packages/protocol/src/memory/atomics.js'
import { createLedgerMemory, DUPLICATED, TORN } from '../src/kill/ledger.js'
import { CallLedger, CLOSES, LIES } from '../src/kill-call/ledger.js'
import * as noted from '../src/kill-call/noted-atomics.js'
import { settledOnce } from '../src/kill-call/settled-once.js'

const [CLIENT, SERVER, OTHER] = [0, 1, 2]
const CALL = 0

/** What `kill --shape call` must see: one wrong thing in each test. */
describe('the ledger of calls', () => {
  let ledger: CallLedger

  beforeEach(() => {
    ledger = new CallLedger(createLedgerMemory(uniqueName('memlane-ledger'), 3))
  })

  afterEach(() => {
    ledger[Symbol.dispose]()
  })

  function take(server: number): void {
    ledger.taking(CLIENT, CALL, server)
    ledger.took(CLIENT, CALL, server)
  }

  function run(server: number): void {
    take(server)
    ledger.begin(CLIENT, CALL, server)
  }

  /** Ends the round. */
  function found() {
    const ends = ledger.endsOf(CLIENT, ledger.interruptedTakes(3))
    const sum = (counter: number) =>
      [CLIENT, SERVER, OTHER].reduce(
        (total, participant) => total + (ledger.counters(participant)[counter] as number),
        0,
      )
    return { lies: sum(LIES), duplicated: sum(DUPLICATED), torn: sum(TORN), ends }
  }

  const nothing = { lies: 0, duplicated: 0, torn: 0 }

  it('finds nothing wrong with a call that is answered', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.answered(CLIENT, CALL)
    expect(found()).toMatchObject({ ...nothing, ends: { answered: 1, takenAgain: 0, unsettled: 0 } })
  })

  it('finds nothing wrong with an idempotent call that goes to another server when the first one has died', () => {
    ledger.send(CLIENT, CALL, true)
    run(SERVER)
    ledger.dies(SERVER, 1)
    run(OTHER)
    ledger.answered(CLIENT, CALL)
    expect(found()).toMatchObject({ ...nothing, ends: { answered: 1, takenAgain: 1 } })
  })

  it('finds nothing wrong with a call that was taken and is too late to begin', () => {
    ledger.send(CLIENT, CALL, false)
    take(SERVER)
    ledger.rejected(CLIENT, CALL, false)
    expect(found()).toMatchObject({ ...nothing, ends: { endedNotTaken: 1 } })
  })

  it('finds nothing wrong with a call whose server was killed just after the take', () => {
    ledger.send(CLIENT, CALL, false)
    ledger.taking(CLIENT, CALL, SERVER)
    ledger.dies(SERVER, 1)
    expect(ledger.died(CLIENT, CALL, true, 2)).toBe(true)
    expect(found()).toMatchObject({ ...nothing, ends: { died: 1 } })
  })

  it('counts a call that is settled twice', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.answered(CLIENT, CALL)
    ledger.rejected(CLIENT, CALL, true)
    expect(found().duplicated).toBe(1)
  })

  it('counts a call that is never settled', () => {
    ledger.send(CLIENT, CALL, false)
    expect(found().ends.unsettled).toBe(1)
  })

  it('counts a call that is said to be taken, and that no server has taken', () => {
    ledger.send(CLIENT, CALL, false)
    ledger.rejected(CLIENT, CALL, true)
    expect(found().lies).toBe(1)
  })

  it('does not excuse it by a living server that has tried to take it', () => {
    ledger.send(CLIENT, CALL, false)
    ledger.taking(CLIENT, CALL, SERVER)
    ledger.rejected(CLIENT, CALL, true)
    expect(found().lies).toBe(1)
  })

  it('counts a call that is said not to be taken after its handler has run', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.rejected(CLIENT, CALL, false)
    expect(found().lies).toBe(1)
  })

  it('counts a call that is said not to be taken, and that is taken and run later', () => {
    ledger.send(CLIENT, CALL, false)
    ledger.rejected(CLIENT, CALL, false)
    run(SERVER)
    expect(found().lies).toBe(2)
  })

  it('counts an end that does not tell whether the call was taken', () => {
    ledger.send(CLIENT, CALL, false)
    ledger.rejected(CLIENT, CALL, undefined)
    expect(found().lies).toBe(1)
  })

  it('counts a call that is said to have died with a server that lives', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.died(CLIENT, CALL, true, 2)
    expect(found().lies).toBe(1)
  })

  it('does not count it if that server has closed', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    Atomics.add(ledger.counters(SERVER), CLOSES, 1)
    ledger.died(CLIENT, CALL, true, 2)
    expect(found()).toMatchObject(nothing)
  })

  it('tells that an idempotent call must not be rejected when its server has died', () => {
    ledger.send(CLIENT, CALL, true)
    run(SERVER)
    ledger.dies(SERVER, 1)
    expect(ledger.died(CLIENT, CALL, true, 2)).toBe(false)
  })

  it('counts a call that is not idempotent, and that a second server takes', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.dies(SERVER, 1)
    run(OTHER)
    expect(found().duplicated).toBe(1)
  })

  it('counts an idempotent call that another server takes while the first one lives', () => {
    ledger.send(CLIENT, CALL, true)
    run(SERVER)
    run(OTHER)
    expect(found().duplicated).toBe(1)
  })

  it('counts a handler that runs twice, and one that runs without a take', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.begin(CLIENT, CALL, SERVER)
    ledger.begin(CLIENT, CALL, OTHER)
    expect(found().duplicated).toBe(3) // the last one runs again, too
  })

  it('counts an answer that no handler has made', () => {
    ledger.send(CLIENT, CALL, false)
    take(SERVER)
    ledger.answered(CLIENT, CALL)
    expect(found().torn).toBe(1)
  })

  it('measures the time from the death of a server to the rejection', () => {
    ledger.send(CLIENT, CALL, false)
    run(SERVER)
    ledger.dies(SERVER, 10)
    ledger.died(CLIENT, CALL, true, 12.5)
    expect(ledger.latencies()).toEqual([2500])
  })
})

describe('the ordered accesses of a participant', () => {
  it('are those of memlane, but for the one by which it takes a call', () => {
    const own = Object.entries(noted).filter(([name, access]) => ({ ...atomics })[name as 'changeSlot'] !== access)
    expect(Object.keys(noted).sort()).toEqual(Object.keys(atomics).sort())
    expect(own.map(([name]) => name)).toEqual(['changeSlot'])
  })
})

describe('settledOnce', () => {
  it('tells each time that a promise is settled again', async () => {
    let again = 0
    let settle = (_value: number) => {}
    let fail = (_error: Error) => {}
    const make = () =>
      new Promise<number>((resolve, reject) => {
        settle = resolve
        fail = reject
      })
    const promise = settledOnce(make, () => again++)
    settle(1)
    expect(again).toBe(0)
    fail(new Error('too late'))
    settle(2)
    expect(again).toBe(2)
    expect(await promise).toBe(1)
    expect(promise).toBeInstanceOf(Promise)
  })
})
