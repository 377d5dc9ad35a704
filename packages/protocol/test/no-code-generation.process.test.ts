import { runWithAndWithoutCodeGeneration } from '@memlane/testing/code-generation'
import { describe, expect, it } from 'vitest'

const protocol = import.meta.resolve('@memlane/protocol')
const internal = import.meta.resolve('@memlane/protocol/internal')

const SOURCE = `
  import { array, bool, f64, struct, u32, union, utf8 } from '${protocol}'
  import { codecOf } from '${internal}'
  const Point = struct('Point', { x: f64, y: f64 })
  const Shape = struct('Shape', { id: u32, name: utf8(8), filled: bool, corners: array(Point, 2), centre: Point })
  const data = new DataView(new ArrayBuffer(128))
  const value = { id: 7, name: 'line', filled: false, corners: [{ x: 0, y: 1 }, { x: 2, y: 3 }], centre: { x: 1, y: 2 } }
  const messages = []
  for (const wrong of [{ ...value, id: -1 }, { ...value, centre: { x: 1 } }, { ...value, nmae: '' }, null]) {
    try { Shape.write(data, 0, wrong) } catch (error) { messages.push(error.name + ': ' + error.message) }
  }
  Shape.write(data, 0, value)
  const codec = codecOf(union({ shape: Shape }))
  const message = { kind: 'shape', value }
  codec.measure(message)
  const read = Shape.read(data, 0)
  const decoded = codec.decode(data, 0, codec.encode(data, 0, message))
  console.log(JSON.stringify({ messages, read, decoded }))
`

describe('a program that may not make code from strings', () => {
  it('reads, writes and refuses the same values as others', () => {
    const { allowed, forbidden } = runWithAndWithoutCodeGeneration(SOURCE)
    const ended = { status: 0, stderr: '' }
    expect(allowed).toMatchObject({ ...ended, generates: true })
    expect(forbidden).toMatchObject({ ...ended, generates: false, results: allowed.results })
    expect(forbidden.results).toMatchObject({ read: { id: 7 }, messages: { length: 4 } })
  })
})
