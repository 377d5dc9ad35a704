import { describe, expect, it } from 'vitest'
import { newChannelHeader, QueueControl, queueShape, writeChannelHeader } from '../src/internal.js'
import { queueFields } from '../src/queue/queue-header.js'
import { writeNote } from '../src/queue/slot-note.js'
import { generationOfEntry, ringEntry, slotOfEntry } from '../src/slots/ring-entry.js'
import { consumerOf, generationOf, kindOf, slotWord, takenWord, withKind } from '../src/slots/slot-word.js'
import * as layout from '../src/slots/slots-layout.js'

const fields = {
  capacity: 8,
  maxMessageLength: 100,
  maxProcessingMs: 60_000,
  maxDeliveries: 5,
  maxDeadLetters: 2,
  maxProducers: 3,
  maxConsumers: 2,
}
const schema = new TextEncoder().encode('{"kind":"payload"}')
const header = newChannelHeader(queueShape, fields, schema, new Uint8Array(16))

describe('the layout of a queue', () => {
  it('has these offsets, which docs/wire-format-queue.md names', () => {
    expect(layout.LIVE_INDEX * 4).toBe(128)
    expect(layout.USED_INDEX * 4).toBe(256)
    expect(layout.RETURNS_INDEX * 4).toBe(640)
    const producers = layout.producerPlaces(fields)
    const consumers = layout.consumerPlaces(fields)
    expect([producers.slotsIndex * 4, producers.slotStride * 4, producers.epochInSlot * 4]).toEqual([1024, 384, 4])
    expect([producers.sleepMask * 4, consumers.sleepMask * 4]).toEqual([512, 384])
    expect([producers.firstNumber, consumers.firstNumber]).toEqual([32, 0])
    expect([consumers.slotsIndex * 4, consumers.slotStride * 4, consumers.epochInSlot * 4]).toEqual([2176, 128, 0])
    expect([layout.STATE, layout.DROPPED, layout.TAIL, layout.HINT].map((word) => word * 4)).toEqual([0, 8, 128, 256])
    expect([layout.BASE * 4, layout.LENGTH * 4, layout.PID * 4, layout.SENT_AT * 8]).toEqual([4, 8, 12, 16])
    expect(layout.SLOT_HEADER_LENGTH).toBe(24)
  })

  it('places the schema, the areas, the rings, the slots and the notes', () => {
    const control = new QueueControl(new ArrayBuffer(header.length), header)
    expect([header.schemaOffset, header.length, header.controlLength]).toEqual([2432, 65_536, 65_536])
    expect([layout.slotLength(fields), layout.ringLength(fields), layout.areaLength(fields)]).toEqual([128, 128, 2176])
    expect([0, 1].map((producer) => control.ringIndex(producer) * 8)).toEqual([2560, 4736])
    expect([control.slotIndex(0, 0) * 4, control.slotIndex(1, 7) * 4]).toEqual([2688, 5760])
    expect([control.slotIndex(0, 0), control.slotIndex(1, 7)].map((index) => control.payloadOf(index))).toEqual([
      2712, 5784,
    ])
    expect([control.slotIndex(0, 0), control.slotIndex(1, 7)].map((index) => control.noteOf(index))).toEqual([
      3712, 6784,
    ])
    expect([control.slotIndex(0, 0), control.slotIndex(2, 3)].map((index) => control.producerOf(index))).toEqual([0, 2])
  })

  it('has a header of these bytes', () => {
    const buffer = new ArrayBuffer(header.length)
    writeChannelHeader(buffer, queueShape, header, schema)
    const words = [...new Uint32Array(buffer, 32, 9)].map((word) => word >>> 0)
    expect(words).toEqual([3, 8, 100, 60_000, 5 | (2 << 16), 3 | (2 << 16), 2432, 18, 65_536])
    expect(queueFields.read(new DataView(buffer), 36)).toEqual(fields)
  })

  it('packs a word, an entry and a note into these bits', () => {
    const word = slotWord(2, 31, 0xff_ffff)
    expect(word >>> 0).toBe(0xffff_fffa)
    expect([kindOf(word), consumerOf(word), generationOf(word)]).toEqual([2, 31, 0xff_ffff])
    expect(withKind(word, 4) >>> 0).toBe(0xffff_ff04)
    expect(takenWord(slotWord(1, 0, 0xff_ffff), 3)).toBe(slotWord(2, 3, 0))
    expect(takenWord(slotWord(1, 0, 5), 0)).toBe(0x0602)
    const entry = ringEntry(65_535, 0xff_ffff)
    expect(entry).toBe(0x1_0000_ff_ffff)
    expect([slotOfEntry(entry), generationOfEntry(entry, 65_535)]).toEqual([65_535, 0xff_ffff])
    expect(slotOfEntry(0)).toBe(-1)
    const note = new DataView(new ArrayBuffer(128))
    writeNote(note, 0, 7, 1.5, 'a')
    expect([note.getUint32(0, true), note.getUint32(4, true), note.getFloat64(8, true), note.getUint8(16)]).toEqual([
      7, 1, 1.5, 97,
    ])
  })

  it('refuses dimensions that no queue can have', () => {
    const problem = (change: Partial<typeof fields>) => queueShape.problemOf({ ...fields, ...change })
    expect(problem({})).toBe(undefined)
    expect(problem({ capacity: 12 })).toMatch('capacity 12 is not a power of two from 2 to 65536')
    expect(problem({ capacity: 65_536, maxMessageLength: 2 ** 20 })).toMatch('bytes, and at most')
    expect(problem({ maxMessageLength: 0 })).toMatch('maxMessageLength 0')
    expect(problem({ maxConsumers: 33 })).toMatch('maxConsumers 33 is not a whole number from 1 to 32')
    expect(problem({ maxProducers: 65 })).toMatch('maxProducers 65')
    expect(problem({ maxDeliveries: 0 })).toMatch('maxDeliveries 0')
    expect(problem({ maxDeadLetters: 8 })).toMatch('maxDeadLetters 8 is not a whole number from 0 to 7')
  })
})
