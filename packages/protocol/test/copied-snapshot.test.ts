import { describe, expect, it } from 'vitest'
import { f64, readSnapshot, struct, u32, writeSnapshot } from '../src/index.js'
import { type CopiedMemory, copySnapshot, publishCopy } from '../src/internal.js'

const fields = { begin: u32, x: f64, y: f64, end: u32 }
const layouts = {
  pair: struct('Pair', fields, { consistency: { begin: 'begin', end: 'end' } }),
  'reversed pair': struct('Reversed', fields, { consistency: { begin: 'end', end: 'begin' } }),
  sequence: struct('Sequence', fields, { consistency: { sequence: 'begin' } }),
  counter: struct('Counter', fields, { consistency: { counter: 'end' } }),
}

/** Memory that calls a function before and after each copy. */
class WatchedMemory implements CopiedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>
  watch: () => void = () => {}

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
  }

  read(offset: number, target: Uint8Array): void {
    this.watch()
    target.set(this.bytes.subarray(offset, offset + target.length))
    this.watch()
  }

  write(offset: number, source: Uint8Array): void {
    this.watch()
    this.bytes.set(source, offset)
    this.watch()
  }
}

describe('copied snapshots', () => {
  for (const [kind, layout] of Object.entries(layouts)) {
    const shownBy = (bytes: Uint8Array<ArrayBuffer>) => {
      const { x, y } = layout.read(new DataView(bytes.buffer), 0)
      return `${x} ${y}`
    }

    /** Memory with the first value, and a function that updates it to a next one by copying. */
    const start = () => {
      const memory = new WatchedMemory(layout.length)
      const update = (number: number) => {
        const copy = memory.bytes.slice()
        writeSnapshot(layout, copy.buffer, 0, { x: number, y: -number, begin: 0, end: 0 })
        publishCopy(layout, memory, copy)
      }
      update(1)
      return { memory, update }
    }

    it(`show mapped readers and copying readers each update whole, with a ${kind}`, () => {
      const { memory, update } = start()
      const seen = new Set<string>()
      memory.watch = () => {
        const mapped = readSnapshot(layout, memory.bytes.slice().buffer, 0, 1)
        if (mapped !== undefined) seen.add(`${mapped.x} ${mapped.y}`)
        const copy = new Uint8Array(layout.length)
        const { watch } = memory
        memory.watch = () => {}
        if (copySnapshot(layout, memory, copy, 1)) seen.add(shownBy(copy))
        memory.watch = watch
      }
      update(2)
      update(3)
      memory.watch = () => {}
      // A counter does not show a writer in the middle of an update: see Consistency.
      if (kind !== 'counter') expect([...seen]).toEqual(['1 -1', '2 -2', '3 -3'])
      const copy = new Uint8Array(layout.length)
      expect(copySnapshot(layout, memory, copy)).toBe(true)
      expect(shownBy(copy)).toBe('3 -3')
    })

    it(`are not mixed if an update comes between any two of their steps, with a ${kind}`, () => {
      for (let step = 0; step < 6; step++) {
        const { memory, update } = start()
        const copy = new Uint8Array(layout.length)
        let steps = 0
        memory.watch = () => {
          if (steps++ !== step) return
          const { watch } = memory
          memory.watch = () => {}
          update(2)
          memory.watch = watch
        }
        expect(copySnapshot(layout, memory, copy, 2)).toBe(true)
        expect(['1 -1', '2 -2']).toContain(shownBy(copy))
      }
    })

    it(`continue after a writer that died inside an update, with a ${kind}`, () => {
      for (let last = 0; last < 8; last++) {
        const { memory, update } = start()
        let steps = 0
        memory.watch = () => {
          if (steps++ === last) throw new Error('killed')
        }
        try {
          update(2)
        } catch {}
        memory.watch = () => {}
        update(3)
        const copy = new Uint8Array(layout.length)
        expect(copySnapshot(layout, memory, copy, 1)).toBe(true)
        expect(shownBy(copy)).toBe('3 -3')
      }
    })
  }

  it('give up if no attempt succeeds', () => {
    const memory = new WatchedMemory(layouts.sequence.length)
    memory.bytes[0] = 1
    expect(copySnapshot(layouts.sequence, memory, new Uint8Array(memory.bytes.length), 10)).toBe(false)
  })
})
