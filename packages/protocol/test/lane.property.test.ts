import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayoutError } from '../src/index.js'
import { findEnd, LaneReader, LaneWriter, maxMessageLength } from '../src/internal.js'

const CAPACITY = 1024

type Step =
  | { do: 'send'; length: number }
  | { do: 'batch'; lengths: number[] }
  | { do: 'abort'; length: number }
  | { do: 'read'; reader: number; count: number }
  | { do: 'restart' }

const length = fc.oneof(fc.nat(40), fc.nat(maxMessageLength(CAPACITY)))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), length }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('batch' as const), lengths: fc.array(length, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), length }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), reader: fc.nat(1), count: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

describe('a lane, compared with a simple queue,', () => {
  it('gives every reader every message, whole and in order, whatever is interleaved and wherever positions wrap', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 200, size: 'max' }), (origin, steps) => {
        const start = origin & -8
        const buffer = new ArrayBuffer(CAPACITY)
        const readers = [0, 1].map(() => new LaneReader(buffer, 0, CAPACITY, start))
        const taken = [0, 0]
        const sent: number[] = []
        const released = [start, start]
        const limit = ({ position }: LaneWriter) => {
          const behind = Math.max(...released.map((at) => (position - at) | 0))
          return (position - behind + CAPACITY) | 0
        }
        let writer = new LaneWriter(buffer, 0, CAPACITY, limit, { position: start, sequence: 0 })

        const fill = (bytes: number): boolean => {
          const offset = writer.claim(bytes)
          if (offset === -1) return false
          for (let i = 0; i < bytes; i++) writer.data.setUint8(offset + i, (sent.length + i) & 0xff)
          writer.commit()
          sent.push(bytes)
          return true
        }
        for (const action of steps) {
          if (action.do === 'send') fill(action.length)
          if (action.do === 'batch') {
            writer.beginBatch()
            for (const bytes of action.lengths) fill(bytes)
            writer.endBatch()
          }
          if (action.do === 'abort' && writer.claim(action.length) !== -1) writer.abort()
          if (action.do === 'restart') {
            const oldest = released.reduce((a, b) => (((a - b) | 0) < 0 ? a : b))
            const end = findEnd(buffer, 0, CAPACITY, { position: oldest, sequence: Math.min(...taken) })
            expect(end.sequence).toBe(sent.length)
            writer = new LaneWriter(buffer, 0, CAPACITY, limit, end)
          }
          if (action.do === 'read') {
            const reader = readers[action.reader] as LaneReader
            for (let i = 0; i < action.count; i++) {
              const offset = reader.next()
              const number = taken[action.reader] as number
              if (offset === -1) {
                expect(number).toBe(sent.length)
                break
              }
              expect([reader.length, reader.sequence]).toEqual([sent[number], number])
              for (let j = 0; j < reader.length; j++) {
                if (reader.data.getUint8(offset + j) !== ((number + j) & 0xff))
                  throw new Error(`message ${number} is torn`)
              }
              taken[action.reader] = number + 1
            }
            released[action.reader] = reader.position
          }
        }
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('gives messages, nothing, or CORRUPT, on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: CAPACITY, maxLength: CAPACITY }), fc.integer(), (bytes, origin) => {
        const reader = new LaneReader(bytes.slice().buffer, 0, CAPACITY, origin & -8)
        try {
          for (let i = 0; i < 1000; i++) {
            const offset = reader.next()
            if (offset === -1) return
            expect(offset + reader.length).toBeLessThanOrEqual(CAPACITY)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError)
        }
      }),
      { seed, numRuns: 2000 },
    )
  })
})
