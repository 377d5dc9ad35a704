import { describe, expect, it } from 'vitest'
import { nameFilter } from '../src/name-filter.js'
import { stream } from './inspections.js'

const named = (name: string) => ({ ...stream, name })
const bytes = {
  ...named('scratch'),
  shape: 'bytes',
  writers: [],
  start: '',
} as const

describe('the filter of names', () => {
  it('takes channels and regions without patterns, and no bare bytes', () => {
    const isWanted = nameFilter(undefined)
    expect([named('quotes'), { ...bytes, shape: 'region' } as const, bytes].map(isWanted)).toEqual([true, true, false])
  })

  it('takes all that a pattern matches as a whole', () => {
    const isWanted = nameFilter(['quotes', 'orders-*', 'a*c', 'x+[y]', 'p?'])
    const names = ['quotes', 'quotes2', 'orders-', 'orders-\n1', 'abbc', 'abcd', 'x+[y]', 'xx', 'p', 'p1']
    expect(names.filter((name) => isWanted(named(name)))).toEqual([
      'quotes',
      'orders-',
      'orders-\n1',
      'abbc',
      'x+[y]',
      'p1',
    ])
    expect(nameFilter(['*'])(bytes)).toBe(true)
    expect(nameFilter([])(named('quotes'))).toBe(false)
  })
})
