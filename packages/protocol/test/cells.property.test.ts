import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellReader, CellWriter, keyPlacesOf, NEVER_SET } from '../src/internal.js'

const CAPACITY = 300

/** What happens between the two loads of one read. */
type Step =
  | { do: 'set'; length: number }
  /** Writes a part of a value, and dies. A successor goes on. */
  | { do: 'die'; length: number }
  | { do: 'begin' }
  /** Copies a part of the value that `begin` found. */
  | { do: 'copy'; part: number }
  | { do: 'end' }

const length = fc.nat(CAPACITY)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('copy' as const), part: fc.integer({ min: 1, max: CAPACITY }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
)

const byteOf = (version: number, index: number) => (version * 31 + index * 7) & 0xff

describe('a key, compared with a list of its values,', () => {
  it('never passes off a torn value as whole, and always has the newest one', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.constantFrom(0, -1, -2, -3)),
        fc.array(step, { maxLength: 120, size: 'max' }),
        (origin, steps) => {
          const { keys, cellsLength } = keyPlacesOf([{ kind: 'payload', encoding: 'bytes' }], CAPACITY)
          const cells = new ArrayBuffer(cellsLength)
          const [place] = keys as [(typeof keys)[0]]
          new Int32Array(cells)[0] = origin
          let writer = new CellWriter(cells, place)
          const first = writer.version
          const lengths = new Map<number, number>()
          const reader = new CellReader(cells, place)
          let offset = NEVER_SET
          let begun = { version: 0, low: 0, length: 0 }
          let copy: number[] = []

          const write = (bytes: number) => {
            for (let i = 0; i < bytes; i++) writer.data.setUint8(writer.nextOffset + i, byteOf(writer.version + 1, i))
          }
          for (const action of steps) {
            if (action.do === 'set') {
              write(action.length)
              writer.publish(action.length, 0)
              lengths.set(writer.version, action.length)
            }
            if (action.do === 'die') {
              write(action.length)
              const { version } = writer
              writer = new CellWriter(cells, place)
              expect(writer.version).toBe(version)
            }
            if (action.do === 'begin') {
              offset = reader.begin()
              begun = { version: reader.version, low: reader.low, length: reader.length }
              copy = []
              expect(begun.version).toBe(writer.version)
              if (begun.version !== first) expect(begun.length).toBe(lengths.get(begun.version))
            }
            if (action.do === 'copy' && offset > 0) {
              const end = Math.min(begun.length, copy.length + action.part)
              for (let i = copy.length; i < end; i++) copy.push(reader.data.getUint8(offset + i))
            }
            if (action.do === 'end' && offset > 0 && begun.version !== first) {
              const isWhole = reader.isWhole(begun.low)
              expect(isWhole).toBe(writer.version - begun.version < 3)
              if (isWhole) expect(copy).toEqual(copy.map((_, index) => byteOf(begun.version, index)))
            }
          }
        },
      ),
      { seed, numRuns: 500 },
    )
  })
})
