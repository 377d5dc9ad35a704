import { describe, expect, it } from 'vitest'
import { partLength, putPartHeader } from '../src/call/answer-parts.js'
import * as layout from '../src/call/call-header.js'
import * as kinds from '../src/call/call-word.js'
import { CallControl, callShape, newChannelHeader, writeChannelHeader } from '../src/internal.js'
import * as words from '../src/slots/slot-word.js'
import { CLIENT_PID, LENGTH, PID, SENT_AT, slotLength } from '../src/slots/slots-layout.js'

const fields = { capacity: 64, maxRequestLength: 100, maxAnswerLength: 300, maxClients: 3, maxServers: 2 }
const schema = new TextEncoder().encode('{"kind":"payload"}')
const header = newChannelHeader(callShape, fields, schema, new Uint8Array(16))

describe('the layout of a channel of calls', () => {
  it('has these offsets, which docs/wire-format-call.md names', () => {
    expect([layout.PROCEDURE, LENGTH, PID, CLIENT_PID].map((word) => word * 4)).toEqual([4, 8, 12, 12])
    expect(SENT_AT * 8).toBe(16)
    expect([layout.ANSWER_LENGTH * 4, layout.STATUS * 4, layout.ANSWER_OFFSET]).toEqual([24, 28, 32])
    expect(layout.requestOffset(fields)).toBe(384)
    expect(layout.requestOffset({ ...fields, maxAnswerLength: 224 })).toBe(256)
    expect(slotLength(layout.slotDimensions(fields))).toBe(512)
  })

  it('places the slots, their requests and answers, and the completion bits', () => {
    const control = new CallControl(new ArrayBuffer(header.length), header)
    expect([header.schemaOffset, header.length]).toEqual([2432, 131_072])
    const slots = [control.slotIndex(0, 0), control.slotIndex(1, 7)]
    expect([0, 1].map((client) => control.ringIndex(client) * 8)).toEqual([2560, 44_544])
    expect(slots.map((index) => index * 4)).toEqual([3584, 49_152])
    expect(slots.map((index) => control.answerOf(index))).toEqual([3616, 49_184])
    expect(slots.map((index) => control.requestOf(index))).toEqual([3968, 49_536])
    expect([0, 1].map((client) => control.doneIndex(client) * 4)).toEqual([36_352, 78_336])
    control.announceDone(control.slotIndex(1, 33))
    expect(control.words[78_336 / 4 + 1]).toBe(2)
  })

  it('has a header of these bytes', () => {
    const buffer = new ArrayBuffer(header.length)
    writeChannelHeader(buffer, callShape, header, schema)
    expect([...new Uint32Array(buffer, 32, 9)]).toEqual([4, 64, 100, 300, 3 | (2 << 16), 0, 2432, 18, header.length])
    expect(layout.callFields.read(new DataView(buffer), 36)).toEqual(fields)
  })

  it('has these kinds and statuses', () => {
    expect([words.FREE, words.READY, words.TAKEN]).toEqual([0, 1, 2])
    expect([kinds.ANSWERED, kinds.RETURNED_CALL, kinds.PART, kinds.ABANDONED, kinds.DIED]).toEqual([3, 4, 5, 6, 7])
    expect([kinds.DONE, kinds.FAILED, kinds.EXPIRED, kinds.LATE]).toEqual([0, 1, 2, 3])
  })

  it('puts parts at multiples of 8', () => {
    expect([0, 1, 8, 9].map(partLength)).toEqual([8, 16, 16, 24])
    const part = new DataView(new ArrayBuffer(8))
    putPartHeader(part, 0, 9)
    expect([part.getUint32(0, true), part.getUint32(4, true)]).toEqual([9, 0])
  })

  it('refuses dimensions that no channel of calls can have', () => {
    const problem = (change: Partial<typeof fields>) => callShape.problemOf({ ...fields, ...change })
    expect(problem({})).toBe(undefined)
    expect(problem({ capacity: 12 })).toMatch('capacity 12 is not a power of two from 2 to 65536')
    expect(problem({ capacity: 65_536, maxAnswerLength: 2 ** 20 })).toMatch('bytes, and at most')
    expect(problem({ maxRequestLength: 0 })).toMatch('maxRequestLength 0')
    expect(problem({ maxAnswerLength: 223 })).toMatch('maxAnswerLength 223 is not a whole number from 224 to')
    expect(problem({ maxClients: 65 })).toMatch('maxClients 65')
    expect(problem({ maxServers: 33 })).toMatch('maxServers 33')
  })
})
