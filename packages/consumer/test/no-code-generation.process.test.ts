import { uniqueName } from '@memlane/testing'
import { runWithAndWithoutCodeGeneration } from '@memlane/testing/code-generation'
import { describe, expect, it } from 'vitest'

const consumer = import.meta.resolve('@memlane/consumer')
const producer = import.meta.resolve('@memlane/producer')
const protocol = import.meta.resolve('@memlane/protocol')

/** As the tests of the same name in stream.test.ts. */
const SOURCE = `
  import { openStream } from '${consumer}'
  import { createStream } from '${producer}'
  import { struct, u32 } from '${protocol}'
  const Pair = struct('Pair', { a: u32, b: u32 })
  const attempt = (call) => {
    try { return call() } catch (error) { return error.name + ': ' + error.message.replaceAll(writer.name, 'NAME') }
  }
  const writer = createStream(process.argv[1], Pair, { capacity: 65536 })
  const reader = await openStream(writer.name, Pair)
  const drain = () => {
    const messages = []
    for (let message = reader.tryReceive(); message !== undefined; message = reader.tryReceive()) messages.push(message)
    return messages
  }

  const refused = new Set()
  const meddling = {
    get a() {
      writer.abort()
      for (const call of [() => writer.trySend({ a: 1, b: 1 }), () => writer.commit(), () => writer.close()])
        refused.add(attempt(call))
      return 7
    },
    b: 8,
  }
  writer.trySend({ a: 0, b: 0 })
  writer.trySend(meddling)
  writer.trySendBatch([meddling])
  const whole = drain()

  const wrong = { a: 1, b: -1 }
  writer.trySend({ a: 0, b: 0 })
  const errors = [attempt(() => writer.trySend(wrong))]
  while (writer.trySend({ a: 1, b: 1 })) {}
  errors.push(attempt(() => writer.trySend(wrong)))
  const filled = drain().length
  errors.push(attempt(() => writer.trySendBatch([{ a: 2, b: 2 }, wrong, { a: 3, b: 3 }])))
  writer.trySend({ a: 4, b: 4 })
  const fitting = drain()
  reader.close()
  writer.close()
  console.log(JSON.stringify({ refused: [...refused], whole, errors, filled, fitting }))
`

describe('a producer that may not make code from strings', () => {
  it('keeps messages whole, and refuses the same values as others', () => {
    const { allowed, forbidden } = runWithAndWithoutCodeGeneration(SOURCE, uniqueName('stream'))
    const ended = { status: 0, stderr: '' }
    expect(allowed).toMatchObject({ ...ended, generates: true })
    expect(forbidden).toMatchObject({ ...ended, generates: false, results: allowed.results })
    expect(forbidden.results).toMatchObject({
      refused: [
        'TypeError: a claimed message is pending: commit or abort it first',
        'TypeError: nothing is claimed: call claim first',
        'TypeError: stream "NAME": close() is not possible while a message is written',
        'TypeError: stream "NAME": close() is not possible while a batch is written',
      ],
      whole: [
        { a: 0, b: 0 },
        { a: 7, b: 8 },
        { a: 7, b: 8 },
      ],
      errors: Array(3).fill('RangeError: Pair.b: -1 is not a u32 (0 to 4294967295)'),
      fitting: [
        { a: 2, b: 2 },
        { a: 4, b: 4 },
      ],
    })
  })
})
