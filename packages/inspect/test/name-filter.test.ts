import { expect, it } from 'vitest'
import { nameFilter } from '../src/name-filter.js'

it('the filter of names takes all that a pattern matches as a whole', () => {
  const isWanted = nameFilter(['quotes', 'orders-*', 'a*c', 'x+[y]', 'p?'])
  const names = ['quotes', 'quotes2', 'orders-', 'orders-\n1', 'abbc', 'abcd', 'x+[y]', 'xx', 'p', 'p1']
  expect(names.filter(isWanted)).toEqual(['quotes', 'orders-', 'orders-\n1', 'abbc', 'x+[y]', 'p1'])
  expect([nameFilter(['*'])(''), nameFilter([])('quotes')]).toEqual([true, false])
})
