import { expect, it } from 'vitest'
import { shortBytes, shortNumber, shortTime } from '../src/units.js'

it('shortens numbers to three digits and a unit', () => {
  const numbers = [0, 0.5, 9.876, 960, 999.4, 999.6, 1000, 1234, 230_000, 28_400_000, 999_600, 4e9, 5e12, 1e16]
  expect(numbers.map(shortNumber)).toEqual([
    ...['0', '0.5', '9.88', '960', '999', '1 K', '1 K', '1.23 K', '230 K', '28.4 M', '1 M', '4 G', '5 T', '10000 T'],
  ])
  expect([0, 64, 327_680, 1_114_112].map(shortBytes)).toEqual(['0 B', '64 B', '328 KB', '1.11 MB'])
})

it('shortens times', () => {
  expect([0, 77.4, 1500, 61_000, 7_380_000, 200_000_000].map(shortTime)).toEqual([
    ...['0 ms', '77 ms', '1.5 s', '1 min 1 s', '2 h 3 min', '2 d 7 h'],
  ])
})
