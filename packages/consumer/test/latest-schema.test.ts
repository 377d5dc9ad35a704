import { SharedMemory } from '@memlane/core'
import { createLatest } from '@memlane/producer'
import { board, f64, payload, struct, u32 } from '@memlane/protocol'
import { encodeDescriptor, hashDescriptor } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openLatest } from '../src/index.js'

const code = (code: string, message = '') =>
  expect.objectContaining({ name: 'SharedMemoryError', code, message: expect.stringContaining(message) })

const Engine = struct('Engine', { gear: u32, rpm: f64 })
const Narrow = struct('Engine', { rpm: f64 })

describe('the schema of a latest', () => {
  it('is that of its writer exactly: a writer cannot leave out fields', async () => {
    const first = createLatest(uniqueName('latest'), Engine)
    using _reader = await openLatest(first.name, Narrow)
    first.close()
    expect(() => createLatest(first.name, Narrow)).toThrow(code('SCHEMA_MISMATCH', 'A writer needs exactly the schema'))
  })

  it('is no board for a reader that declares a single value, and the other way round', async () => {
    using keys = createLatest(uniqueName('latest'), board({ engine: Engine }))
    await expect(openLatest(keys.name, Engine)).rejects.toThrow(
      code('SCHEMA_MISMATCH', 'it is a board in the memory, and struct Engine, 16 bytes in this process'),
    )
    using single = createLatest(uniqueName('latest'), u32)
    await expect(openLatest(single.name, board({ value: u32 }))).rejects.toThrow(
      code('SCHEMA_MISMATCH', 'it is u32, 4 bytes in the memory, and a board in this process'),
    )
  })

  it.each<[what: string, descriptor: object]>([
    ['has a board in a board', { kind: 'board', members: [{ name: 'a', payload: { kind: 'board', members: [] } }] }],
    ['has no keys', { kind: 'board', members: [] }],
    ['has keys that are no list', { kind: 'board', members: 5 }],
    ['has fewer keys than its header', board({ note: payload.utf8 }).descriptor],
  ])('is CORRUPT if another process has overwritten it, and it %s', async (_what, descriptor) => {
    using writer = createLatest(uniqueName('latest'), board({ note: payload.utf8, engine: Engine }))
    using memory = SharedMemory.open(writer.name)
    const view = new DataView(memory.buffer)
    const encoded = encodeDescriptor(descriptor as never)
    new Uint8Array(memory.buffer).set(encoded, view.getUint32(56, true))
    view.setUint32(60, encoded.length, true)
    view.setBigUint64(72, hashDescriptor(encoded), true)
    await expect(openLatest(writer.name)).rejects.toThrow(code('CORRUPT'))
  })
})
