import { describe, expect, test } from 'vitest'
import { BEGIN, Content, END, memoryOf } from '../src/roles/content.js'
import { checkObject, messageObject } from '../src/roles/message-object.js'

const OFFSET = 8
const NUMBERS = [0, 1, 63, 64, 1_000_000_007, 0x8000_0000, BEGIN, END]

describe.each([32, 1024])('the content of a message of %d bytes', (payload) => {
  const content = new Content(payload)

  test.each(NUMBERS)('passes the check as message %d', (sequence) => {
    const memory = memoryOf(Buffer.alloc(OFFSET + payload))
    content.write(memory, OFFSET, sequence)
    expect(content.check(memory, OFFSET)).toBe(sequence)
    expect(content.checkBytes(memory.bytes.subarray(OFFSET))).toBe(sequence)
  })

  test('fails the check if any byte is wrong', () => {
    const memory = memoryOf(Buffer.alloc(OFFSET + payload))
    for (let at = OFFSET; at < OFFSET + payload; at++) {
      content.write(memory, OFFSET, 4711)
      memory.bytes[at] = (memory.bytes[at] ?? 0) ^ 0x10
      expect(() => content.check(memory, OFFSET), `byte ${at}`).toThrow('is torn')
      expect(() => content.checkBytes(memory.bytes.subarray(OFFSET)), `byte ${at}`).toThrow('is torn')
    }
  })

  test('fails the check if its halves belong to two messages', () => {
    const [memory, other] = [1, 2].map((sequence) => {
      const memory = memoryOf(Buffer.alloc(payload))
      content.write(memory, 0, sequence)
      return memory
    })
    if (memory === undefined || other === undefined) throw new Error('two memories are expected')
    other.bytes.copy(memory.bytes, payload / 2, payload / 2)
    expect(() => content.check(memory, 0)).toThrow('message 1 is torn')
  })

  test.each(['text', 'bytes'] as const)('is the same as an object with the body as %s', (bodyKind) => {
    const message = messageObject(content, 4711, bodyKind)
    expect(checkObject(content, message)).toBe(4711)
    expect(() => checkObject(content, { ...message, second: 0 })).toThrow('message 4711 is torn')
    if (content.bodyLength === 0) return
    const { body, ...bodyless } = message
    expect(() => checkObject(content, bodyless)).toThrow('message 4711 has no body')
    const other = messageObject(content, 4712, bodyKind)
    expect(() => checkObject(content, { ...other, body })).toThrow('message 4712 is torn')
  })
})

test('the pattern equals the one of native/content.h', () => {
  const content = new Content(32 + 16)
  expect([0, 1, 64].map((sequence) => content.bodyText(sequence))).toEqual([
    'AnP2eFtU8jLzaCpR',
    '8jLzaCpR4gHvX+mN',
    'AnP2eFtU8jLzaCpR',
  ])
})
