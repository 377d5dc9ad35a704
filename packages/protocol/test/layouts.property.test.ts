import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayoutError, readSnapshot } from '../src/index.js'
import {
  AssettoCorsaPhysics,
  IRacingTelemetry,
  MumbleLinkLinux,
  MumbleLinkWindows,
  mumbleContext,
  readHwinfo,
  readMsiAfterburner,
} from '../src/layouts/index.js'

interface Reader {
  /** The words of a correct header, by offset. Some are spoiled afterwards. */
  header: Record<number, number>
  /** The signature: without it, nothing else would be read. */
  signature: [offset: number, word: number]
  length: number
  read: (buffer: ArrayBuffer) => unknown
}

const readers: Record<string, Reader> = {
  HWiNFO: {
    signature: [0, 0x53695748],
    header: { 4: 2, 8: 1, 20: 48, 24: 392, 28: 1, 32: 440, 36: 460, 40: 2 },
    length: 1500,
    read: (buffer) => readHwinfo(buffer),
  },
  'MSI Afterburner': {
    signature: [0, 0x4d41484d],
    header: { 4: 0x20000, 8: 32, 12: 1, 16: 1324, 24: 1, 28: 1304 },
    length: 3000,
    read: (buffer) => readMsiAfterburner(buffer),
  },
  iRacing: {
    signature: [4, 1],
    header: { 16: 10, 20: 1000, 24: 2, 28: 112, 32: 2, 36: 100, 52: 600, 68: 700, 120: 3, 256: 4, 264: 1 },
    length: 1500,
    read(buffer) {
      const telemetry = new IRacingTelemetry(buffer)
      telemetry.refresh()
      for (const name of telemetry.variables.keys()) telemetry.get(name)
      telemetry.sessionInfo()
    },
  },
  MumbleLink: {
    signature: [0, 2],
    header: {},
    length: 10580,
    read(buffer) {
      for (const layout of [MumbleLinkWindows, MumbleLinkLinux]) {
        const link = readSnapshot(layout, buffer)
        if (link !== undefined) mumbleContext(layout, link)
      }
    },
  },
  'Assetto Corsa': {
    signature: [0, 1],
    header: {},
    length: 580,
    read: (buffer) => readSnapshot(AssettoCorsaPhysics, buffer),
  },
}

/** Numbers for a header: small ones that fit, and all kinds of numbers that do not. */
const word = fc.oneof(
  fc.nat(8),
  fc.nat(200),
  fc.nat(3000),
  fc.integer(),
  fc.constantFrom(-1, 0x7fffffff, -0x80000000, 44, 48, 112, 144, 264, 316, 392, 460, 1304, 1324),
)

const spoiledWords = fc.array(fc.tuple(fc.nat(75), word), { maxLength: 8 })

for (const [program, { header, signature, length, read }] of Object.entries(readers)) {
  describe(`hostile bytes instead of ${program}`, () => {
    it('give a value, or a LayoutError with a code and an offset', () => {
      const outcomes = { values: 0, errors: 0 }
      const lengths = fc.oneof(fc.constant(length), fc.nat(length))
      fc.assert(
        fc.property(spoiledWords, lengths, fc.constantFrom(0, 0xff, 0x41), (spoiled, available, fill) => {
          // A shorter buffer refuses any struct of fixed length. Only tables are worth reading from one.
          const isTable = Object.keys(header).length > 0
          const buffer = new ArrayBuffer(isTable ? available : length)
          const data = new DataView(buffer)
          new Uint8Array(buffer).fill(fill)
          const words = [
            ...Object.entries(header).map(([offset, value]) => [Number(offset), value] as const),
            ...spoiled.map(([index, value]) => [4 * index, value] as const),
            signature,
          ]
          for (const [offset, value] of words) if (offset + 4 <= buffer.byteLength) data.setInt32(offset, value, true)
          try {
            read(buffer)
            outcomes.values++
          } catch (error) {
            if (!(error instanceof LayoutError)) throw error
            expect(['CORRUPT', 'TOO_SHORT']).toContain(error.code)
            expect(error.offset >= 0 && error.offset <= buffer.byteLength).toBe(true)
            outcomes.errors++
          }
        }),
        { seed, numRuns: 2000 },
      )
      expect(outcomes.values > 0).toBe(true)
      expect(outcomes.errors > 0).toBe(program !== 'Assetto Corsa')
    })
  })
}
