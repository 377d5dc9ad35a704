import { describe, expect, it } from 'vitest'
import { encodeError } from '../src/call-error.js'

const decoded = (thrown: unknown, most = 1000) => {
  const encoded = encodeError(thrown, most)
  expect(encoded.length).toBeLessThanOrEqual(most)
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(encoded))
}

describe('an error of a handler', () => {
  it('travels with name, message, code and data, whatever was thrown', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    expect(decoded(Object.assign(new TypeError('no'), { code: 7, data: { a: [1] } }))).toEqual({
      ...{ name: 'TypeError', message: 'no', code: 7, data: { a: [1] } },
    })
    expect(decoded(Object.assign(new Error('no'), { data: cyclic }))).toEqual({ name: 'Error', message: 'no' })
    expect(decoded(Object.assign(new Error('no'), { data: 1n, code: {} }))).toEqual({ name: 'Error', message: 'no' })
    expect(decoded(undefined)).toEqual({ name: 'Error', message: 'undefined' })
    expect(decoded(Symbol('why'))).toEqual({ name: 'Error', message: 'Symbol(why)' })
    expect(decoded({ message: 7 })).toEqual({ name: 'Error', message: '' })
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('no')
        },
      },
    )
    expect(decoded(hostile)).toMatchObject({ message: 'the handler threw a value that has no text' })
  })

  it('is cut to the room that there is, without its data first', () => {
    expect(decoded(Object.assign(new Error('no'), { data: 'x'.repeat(2000) }))).toEqual({
      name: 'Error',
      message: 'no',
    })
    for (const filler of ['x', '"', '\u0000', 'é', '\ud800', '😀']) {
      const { message } = decoded(new Error(filler.repeat(2000)))
      expect(message.length).toBeGreaterThan(100)
    }
    const all = { name: '"'.repeat(5000), message: '"'.repeat(5000), code: '"'.repeat(5000) }
    expect(decoded(all, 224).message).toMatch(/^"+$/)
  })

  it('may have texts whose JSON would be too long for a string', () => {
    const long = '"'.repeat(300_000_000)
    expect(decoded({ message: long, code: long }).message).toMatch(/^"+$/)
    expect(decoded(long).message).toMatch(/^"+$/)
  })
})
