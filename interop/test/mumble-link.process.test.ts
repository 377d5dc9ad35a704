import { openRegionSync } from '@memlane/consumer'
import { createRegion } from '@memlane/producer'
import { type MumbleLink, MumbleLinkLinux, MumbleLinkWindows } from '@memlane/protocol/layouts'
import { uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'
import { parsePrinted, unterminatedDescription, writtenByC, writtenByMemlane } from '../src/mumble-link-values.js'
import { mumbleLink } from '../src/programs.js'

const CREATED = 'Ready (created).'
const OPENED = 'Ready (opened).'

const widths = [
  { wcharLength: 2, layout: MumbleLinkWindows, length: 5460 },
  { wcharLength: 4, layout: MumbleLinkLinux, length: 10580 },
] as const

/** Numbers as they are, arrays of numbers and bytes as plain arrays. */
const plain = (value: unknown) => (typeof value === 'object' ? [...(value as Iterable<number>)] : value)

describe.each(widths)('MumbleLink with wchar_t of $wcharLength bytes', ({ wcharLength, layout, length }) => {
  const peer = mumbleLink[wcharLength]

  test('written by C is read by the shipped layout, every field', async () => {
    const object = `/${uniqueName('mumble')}`
    using writer = peer(['write', object])
    await writer.line(CREATED)
    using region = openRegionSync(object, layout)
    expect(region.memory.objectLength).toBe(length)
    expect(region.read()).toEqual(writtenByC)
    expect(region.snapshot()).toEqual(writtenByC)
    for (const field of Object.keys(writtenByC) as (keyof MumbleLink)[]) {
      expect(plain(region.view[field]), field).toEqual(plain(writtenByC[field]))
    }
    using printer = peer(['print', object])
    const { code, stdout } = await printer.exit
    expect(code).toBe(0)
    expect(parsePrinted(stdout)).toEqual(writtenByC)
    writer.end()
    expect(await writer.exit).toMatchObject({ code: 0, signal: null })
  })

  test('with a text that C has filled to its last character is read up to the end of that text', async () => {
    const object = `/${uniqueName('mumble')}`
    using writer = peer(['write', '--unterminated', object])
    await writer.line(CREATED)
    using region = openRegionSync(object, layout)
    expect(region.read()).toEqual({ ...writtenByC, description: unterminatedDescription })
    writer.end()
    expect(await writer.exit).toMatchObject({ code: 0, signal: null })
  })

  test('written by memlane is read by C, every field', async () => {
    const name = uniqueName('mumble')
    using region = createRegion(name, layout, { value: writtenByMemlane, persistent: false })
    const uiTick = region.view.uiTick
    using printer = peer(['print', `/${name}.${process.getuid?.()}`])
    const { code, signal, stdout } = await printer.exit
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(parsePrinted(stdout)).toEqual({ ...writtenByMemlane, uiTick })
  })

  test('created by memlane is filled by C, and memlane sees the values at once', async () => {
    const name = uniqueName('mumble')
    using region = createRegion(name, layout, { value: writtenByMemlane, persistent: false })
    using reader = openRegionSync(name, layout)
    using writer = peer(['write', `/${name}.${process.getuid?.()}`])
    await writer.line(OPENED)
    expect(reader.read()).toEqual(writtenByC)
    region.view.name = 'renamed'
    region.view.context.fill(7)
    using printer = peer(['print', `/${name}.${process.getuid?.()}`])
    const { stdout } = await printer.exit
    expect(parsePrinted(stdout)).toEqual({ ...writtenByC, name: 'renamed', context: new Uint8Array(256).fill(7) })
  })
})
