import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { parsePrinted, writtenByC, writtenByMemlane } from '../src/mumble-link-values.js'
import { memlane, mumbleLink } from '../src/windows-programs.js'

const asJson = (value: typeof writtenByC) => ({ ...value, context: [...value.context] })

test('MumbleLink written by C on Windows is read by the shipped layout, every field', async () => {
  const name = uniqueName('mumble')
  using writer = mumbleLink(['write', name])
  await writer.line('Ready (created).')
  using reader = memlane.mumbleLink(['print', name])
  const { code, signal, stdout } = await reader.exit
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  expect(JSON.parse(stdout)).toEqual(asJson(writtenByC))
  writer.end()
  expect(await writer.exit).toMatchObject({ code: 0, signal: null })
})

test('MumbleLink written by memlane on Windows is read by C, every field', async () => {
  const name = uniqueName('mumble')
  using writer = memlane.mumbleLink(['write', name])
  writer.write(`${JSON.stringify(asJson(writtenByMemlane))}\n`)
  await writer.line('Ready.')
  using printer = mumbleLink(['print', name])
  const { code, signal, stdout } = await printer.exit
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  const { uiTick, ...printed } = parsePrinted(stdout)
  expect(printed).toEqual({ ...writtenByMemlane, uiTick: undefined })
  expect(uiTick).toBeTypeOf('number')
  writer.end()
  expect(await writer.exit).toMatchObject({ code: 0, signal: null })
})
