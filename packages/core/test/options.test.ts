import { describe, expect, it } from 'vitest'
import {
  checkBoolean,
  checkOneOf,
  checkOptions,
  checkSignal,
  checkText,
  checkTimeout,
  checkWholeNumber,
  type OptionChecks,
} from '../src/options.js'

interface Options {
  capacity?: number
  overflow?: 'wait' | 'overwrite'
  timeoutMs?: number
  signal?: AbortSignal
  ref?: boolean
  securityDescriptor?: string
}

const checks: OptionChecks<Options> = {
  capacity: checkWholeNumber(1, 100, 'bytes'),
  overflow: checkOneOf('wait', 'overwrite'),
  timeoutMs: checkTimeout,
  signal: checkSignal,
  ref: checkBoolean,
  securityDescriptor: checkText,
}

const check = (options: unknown) => checkOptions('createThing', options, checks)

describe('options', () => {
  it('are admitted if each is known and of its type, or undefined', () => {
    check({})
    check({ capacity: 1, overflow: 'wait', timeoutMs: Infinity, signal: new AbortController().signal, ref: false })
    check({ capacity: undefined, timeoutMs: 0, securityDescriptor: 'D:' })
  })

  it('that are unknown are refused, naming the nearest one', () => {
    expect(() => check({ capasity: 5 })).toThrow(
      new TypeError('createThing has no option "capasity". Did you mean "capacity"?'),
    )
    expect(() => check({ timeout: 5 })).toThrow(/"timeout".*"timeoutMs"/)
    expect(() => check({ TIMEOUTMS: 5 })).toThrow(/"timeoutMs"/)
    expect(() => check({ securitydescriptor: 'D:' })).toThrow(/"securityDescriptor"/)
  })

  it('that resemble none are refused, listing all', () => {
    const all = 'capacity, overflow, timeoutMs, signal, ref, securityDescriptor'
    expect(() => check({ banana: undefined })).toThrow(
      new TypeError(`createThing has no option "banana". It has ${all}.`),
    )
  })

  it('that are named like members of every object are unknown, too', () => {
    for (const option of ['constructor', 'toString']) expect(() => check({ [option]: 1 })).toThrow(TypeError)
  })

  it('may be inherited, and are checked then', () => {
    check(Object.create({ capacity: 5 }))
    expect(() => check(Object.create({ capacity: '5' }))).toThrow(TypeError)
  })

  it('of the wrong type are refused, showing the value', () => {
    for (const [options, message] of [
      [{ timeoutMs: '5' }, 'timeoutMs must be a number of milliseconds from 0 to 2147483647, or Infinity, not "5"'],
      [{ capacity: 5n }, 'capacity must be a whole number of bytes from 1 to 100, not 5n'],
      [{ overflow: 'drop' }, 'overflow must be "wait" or "overwrite", not "drop"'],
      [{ signal: {} }, 'signal must be an AbortSignal, not an object'],
      [{ ref: null }, 'ref must be true or false, not null'],
      [{ securityDescriptor: ['D:'] }, 'securityDescriptor must be a string, not an array'],
    ] as const) {
      expect(() => check(options)).toThrow(new TypeError(message))
    }
  })

  it('that are out of range are refused, with the range', () => {
    expect(() => check({ capacity: 101 })).toThrow(
      new RangeError('capacity 101 is not a whole number of bytes from 1 to 100'),
    )
    for (const timeoutMs of [-1, NaN, 2 ** 31]) expect(() => check({ timeoutMs })).toThrow(RangeError)
  })

  it('must be an object', () => {
    for (const options of [null, 5, 'capacity', () => {}]) expect(() => check(options)).toThrow(TypeError)
  })
})
