import { describe, expect, it } from 'vitest'
import { copyWords } from '../src/internal.js'

describe('copyWords', () => {
  it('copies bytes of any length to the start of its target, and at most three more', () => {
    const words = Int32Array.from({ length: 300 }, (_, index) => 0x01010101 * (index % 100))
    const bytes = new Uint8Array(words.buffer)
    for (const offset of [0, 4, 40]) {
      for (const length of [0, 1, 4, 7, 255, 256, 257, 1000]) {
        const target = new Int32Array(260).fill(-1)
        copyWords(words, offset, length, target)
        const copied = new Uint8Array(target.buffer)
        expect([...copied.subarray(0, length)]).toEqual([...bytes.subarray(offset, offset + length)])
        expect(copied.subarray(length + 3).every((byte) => byte === 0xff)).toBe(true)
      }
    }
  })

  it('copies from and to parts of buffers', () => {
    const from = new Int32Array(new ArrayBuffer(2000), 8, 100).fill(7)
    for (const length of [12, 300]) {
      const to = new Int32Array(new ArrayBuffer(2000), 16, 100)
      copyWords(from, 4, length, to)
      expect([...to]).toEqual([...Array(length / 4).fill(7), ...Array(100 - length / 4).fill(0)])
    }
  })
})
