import picocolors from 'picocolors'
import { describe, expect, it } from 'vitest'
import { tableLines } from '../src/table.js'

const plain = picocolors.createColors(false)
const colored = picocolors.createColors(true)
const rows = [
  ['quotes', 5, { text: 'alive', tone: 'green' }],
  ['a\tb\x1b[2J', 1234, undefined],
] as const

describe('tableLines', () => {
  it('aligns columns on a terminal, numbers to the right', () => {
    expect(tableLines(['name', 'sent', 'state'], rows, { aligned: true, colors: plain })).toEqual([
      'name               sent  state',
      'quotes                5  alive',
      'a\\u0009b\\u001b[2J  1234  -',
    ])
  })

  it('separates cells by tabs for programs', () => {
    expect(tableLines(['name', 'sent', 'state'], rows, { aligned: false, colors: plain })).toEqual([
      'name\tsent\tstate',
      'quotes\t5\talive',
      'a\\u0009b\\u001b[2J\t1234\t-',
    ])
  })

  it('colours cells without moving them', () => {
    const [, line] = tableLines(['name', 'sent', 'state'], rows, { aligned: true, colors: colored })
    expect(line).toBe(`quotes                5  ${colored.green('alive')}`)
  })
})
