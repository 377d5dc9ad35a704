import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const protocol = import.meta.resolve('@memlane/protocol')
const internal = import.meta.resolve('@memlane/protocol/internal')

const SOURCE = `
  import { array, bool, f64, struct, u32, union, utf8 } from '${protocol}'
  import { codecOf } from '${internal}'
  let generates = true
  try { new Function('return 1')() } catch { generates = false }
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
  console.log(JSON.stringify({ generates, messages, read, decoded }))
`

function run(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...options, '--input-type=module', '--eval', SOURCE],
    { encoding: 'utf8', timeout: 30_000 },
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { generates, ...results } = JSON.parse(stdout) as { generates: boolean }
  return { generates, results }
}

describe('a program that may not make code from strings', () => {
  it('reads, writes and refuses the same values as others', () => {
    const forbidden = run('--disallow-code-generation-from-strings')
    const allowed = run()
    expect([forbidden.generates, allowed.generates]).toEqual([false, true])
    expect(forbidden.results).toEqual(allowed.results)
    expect(forbidden.results).toMatchObject({ read: { id: 7 }, messages: { length: 4 } })
  })
})
