import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../src/capabilities.js'
import { nameOf, resolveName } from '../src/name.js'

const windows = { namespace: 'windows', maxNameLength: 260, invalidNameOsCode: 123 } as Capabilities
const linux = { namespace: 'posix', maxNameLength: 255, invalidNameOsCode: 22 } as Capabilities

const onWindows = (name: string) => resolveName(name, windows, 1000)
const onLinux = (name: string) => resolveName(name, linux, 1000)

describe('a name', () => {
  it('without a prefix or with Local\\ means an object of this session or user', () => {
    expect(onWindows('MumbleLink')).toBe('Local\\MumbleLink')
    expect(onWindows('Local\\MumbleLink')).toBe('Local\\MumbleLink')
    expect(onLinux('MumbleLink')).toBe('/MumbleLink.1000')
    expect(onLinux('Local\\MumbleLink')).toBe('/MumbleLink.1000')
  })

  it('with Global\\ means an object that all users see', () => {
    expect(onWindows('Global\\MyFileMappingObject')).toBe('Global\\MyFileMappingObject')
    expect(onLinux('Global\\MyFileMappingObject')).toBe('/MyFileMappingObject')
  })

  it('that begins with a slash is taken verbatim on Linux and refused on Windows', () => {
    expect(onLinux('/psm_1a2b')).toBe('/psm_1a2b')
    expect(() => onWindows('/psm_1a2b')).toThrow('begins with "/"')
  })

  const refused: [string, RegExp][] = [
    ['', /it is empty/],
    ['Local\\', /nothing follows "Local\\"/],
    ['Global\\', /nothing follows/],
    ['/', /POSIX|nothing follows/],
    ['global\\X', /"\\\\" at position 6 .*exactly this spelling/],
    ['Session\\1\\X', /position 7/],
    ['Global\\a\\b', /position 8/],
    ['a/b', /"\/" at position 1/],
    ['/a/b', /POSIX|position 2/],
    ['a\0b', /position 1/],
    ['\ud800', /unpaired surrogate/],
    ['Global\\.memlane.123', /reserves names that begin with "\.memlane\."/],
    ['X.lease.5', /reserves the ending "\.lease\.5" for the leases of memory/],
    ['Global\\X.bell.0', /reserves the ending "\.bell\.0" for the bells/],
    ['X.lease.5.end.1234.0', /reserves the ending "\.lease\.5\.end\.1234\.0"/],
    ['/X.1000.lease.5.new', /POSIX|reserves the ending/],
  ]
  for (const [name, why] of refused) {
    it(`is refused: ${JSON.stringify(name)}`, () => {
      for (const [resolve, osCode] of [
        [onWindows, 123],
        [onLinux, 22],
      ] as const) {
        let error: unknown
        try {
          resolve(name)
        } catch (caught) {
          error = caught
        }
        expect(error).toMatchObject({ code: 'INVALID_NAME', osCode })
        expect(String(error)).toMatch(why)
      }
    })
  }

  it('may resemble a reserved one', () => {
    for (const name of ['lease.5', 'X.lease', 'X.lease.', 'X.bell.x', 'X.lease.5.txt', 'X.lease.5.bak.6']) {
      expect(onWindows(name)).toBe(`Local\\${name}`)
    }
  })

  it('cannot be a folder on Linux', () => {
    for (const name of ['/.', '/..', 'Global\\.', 'Global\\..']) {
      expect(() => onLinux(name)).toThrow('is a folder')
    }
    expect(onLinux('..')).toBe('/...1000')
  })

  it('is measured in the units of the system', () => {
    expect(onLinux(`/${'é'.repeat(127)}x`)).toHaveLength(129)
    expect(() => onLinux(`/${'é'.repeat(128)}`)).toThrow('256 bytes long; 255 is the most')
    expect(onLinux('x'.repeat(250))).toHaveLength(256)
    expect(() => onLinux('x'.repeat(251))).toThrow('256 bytes long')
    expect(onWindows('é'.repeat(254))).toHaveLength(260)
    expect(() => onWindows('é'.repeat(255))).toThrow('261 characters long; 260 is the most')
  })

  it('must be a string', () => {
    expect(() => resolveName(7 as never)).toThrow(TypeError)
  })

  it('that the list shows opens that object', () => {
    for (const name of ['X', 'a.1000', 'Global\\X', '/psm_1', '/.1000']) {
      const object = onLinux(name)
      expect(onLinux(nameOf(object, false, linux, 1000))).toBe(object)
      expect(onLinux(nameOf(object, true, linux, 1000))).toBe(object)
    }
    expect(nameOf('/X.1000', true, linux, 1000)).toBe('X')
    expect(nameOf('/X.1001', false, linux, 1000)).toBe('/X.1001')
    expect(nameOf('/X', true, linux, 1000)).toBe('Global\\X')
    expect(nameOf('Local\\X', true, windows, 0)).toBe('X')
    expect(nameOf('Global\\X', true, windows, 0)).toBe('Global\\X')
  })
})
