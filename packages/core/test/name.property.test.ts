import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Capabilities, capabilities } from '../src/capabilities.js'
import { SharedMemoryError } from '../src/errors.js'
import { nameOf, resolveName } from '../src/name.js'

const USER = 1000
const linux: Capabilities = { ...capabilities, namespace: 'posix', maxNameLength: 255 }
const windows: Capabilities = { ...capabilities, namespace: 'windows', maxNameLength: 260 }

const prefix = fc.constantFrom('', 'Local\\', 'Global\\', '/', 'local\\', '\\', './', 'Session\\1\\')
const text = fc.oneof(
  fc.string({ unit: 'grapheme', size: 'large' }),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[a-z.\\/0-9]{0,12}$/),
  fc.constantFrom('.', '..', 'x.1000', '.1000', 'x'.repeat(300), 'é'.repeat(127), '\ud800', 'a\0b'),
)
const name = fc.tuple(prefix, text).map((parts) => parts.join(''))

/** The object that a name means, or undefined if the name is refused. */
function objectOf(name: string, system: Capabilities): string | undefined {
  try {
    return resolveName(name, system, USER)
  } catch (error) {
    expect(error).toBeInstanceOf(SharedMemoryError)
    expect(error).toMatchObject({ code: 'INVALID_NAME' })
    return undefined
  }
}

const isLocal = (name: string) => !name.startsWith('Global\\') && !name.startsWith('/')

describe('any name', () => {
  it('means a file of the one folder on Linux, or is refused', () => {
    fc.assert(
      fc.property(name, (name) => {
        const object = objectOf(name, linux)
        if (object === undefined) return
        const file = object.slice(1)
        expect(object[0]).toBe('/')
        expect(file).not.toMatch(/[/\0]|^\.{0,2}$/)
        expect(Buffer.from(file).toString()).toBe(file)
        expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255)
        expect(file.endsWith(`.${USER}`) || !isLocal(name)).toBe(true)
      }),
      { seed, numRuns: 3000 },
    )
  })

  it('means an object of one of two folders on Windows, or is refused', () => {
    fc.assert(
      fc.property(name, (name) => {
        const object = objectOf(name, windows)
        if (object === undefined) return
        expect(object).toMatch(isLocal(name) ? /^Local\\[^\\/\0]+$/s : /^Global\\[^\\/\0]+$/s)
        expect(object.length).toBeLessThanOrEqual(260)
      }),
      { seed, numRuns: 3000 },
    )
  })

  it('is found again by its object', () => {
    fc.assert(
      fc.property(name, fc.boolean(), (name, ours) => {
        for (const system of [linux, windows]) {
          const object = objectOf(name, system)
          if (object !== undefined) expect(resolveName(nameOf(object, ours, system, USER), system, USER)).toBe(object)
        }
      }),
      { seed, numRuns: 3000 },
    )
  })

  it('means the same as another name only if the table says so', () => {
    const plain = (name: string) => name.replace(/^Local\\/, '')
    fc.assert(
      fc.property(name, name, fc.constantFrom('same', 'other'), (one, two, which) => {
        const other = which === 'same' ? `Local\\${one}` : two
        const objects = [one, other].map((name) => objectOf(name, windows))
        if (objects[0] === undefined || objects[1] === undefined) return
        expect(objects[0] === objects[1]).toBe(plain(one) === plain(other))
      }),
      { seed, numRuns: 3000 },
    )
  })
})
