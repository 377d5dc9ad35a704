import { describe, expect, it } from 'vitest'
import { fields, where } from '../src/where.js'

const quote = { symbol: 'ACME', bid: 10.5, size: '9007199254740993', levels: [1, 2], leg: { price: 7 }, 'live?': true }

describe('where', () => {
  it.each([
    ['symbol=ACME', true],
    ['symbol!=ACME', false],
    ['bid>10', true],
    ['bid > 10 , symbol = ACME', true],
    ['bid>10,symbol=OTHER', false],
    ['bid>=10.5,bid<=10.5', true],
    ['bid<10.5', false],
    ['bid>9', true], // by value: as text, "10.5" is less than "9"
    ['size=9007199254740993', true],
    ['size=9007199254740992', false], // the same as a number of JSON
    ['size>9007199254740992', true],
    ['levels.1=2', true],
    ['levels.2=2', false],
    ['leg.price<8', true],
    ['leg~price', true],
    ['symbol~CM', true],
    ['symbol="ACME"', true],
    ['symbol="A,B"', false],
    ['symbol="\\"ACME"', false],
    ['symbol>AB', true],
    ['live?=true', true],
    ['missing=1', false],
    ['missing!=1', true],
    ['constructor!=1', true], // only own fields count
  ])('%s: %s', (text, holds) => {
    expect(where(text)(quote)).toBe(holds)
  })

  it('compares a message that is no object by the path of a part only', () => {
    expect(where('length=3')('abc')).toBe(false)
    expect(where('kind=note')({ kind: 'note', value: 'x' })).toBe(true)
  })

  it.each(['', 'symbol', '=1', 'a=1 b=2', 'a="1', 'a=1,', 'process.exit()'])('refuses %j', (text) => {
    expect(() => where(text)).toThrow('is no condition such as price>100')
  })
})

describe('fields', () => {
  it('picks fields by their paths, and shows null for those that are missing', () => {
    expect(fields('symbol, leg.price,nope')(quote)).toEqual({ symbol: 'ACME', 'leg.price': 7, nope: null })
  })

  it('refuses an empty name', () => {
    expect(() => fields('a,,b')).toThrow('a name is empty')
  })
})
