import { inspect } from 'node:util'
import { Bells } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { createLatest, createRegion, createStream, type LatestWriter } from '@memlane/producer'
import {
  array,
  board,
  bytes,
  f64,
  type MessageOf,
  payload,
  type Schema,
  struct,
  u8,
  u32,
  union,
  utf8,
} from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type LatestReader, openLatest, openStream } from '../src/index.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 })
const Event = union({ quote: Quote, note: payload.utf8 })
const quote = (seq: number) => ({ symbol: 'ACME', bid: seq / 2, seq })
const code = (code: string, message = '') =>
  expect.objectContaining({ name: 'SharedMemoryError', code, message: expect.stringContaining(message) })

async function pair<S extends Schema>(schema: S, options = {}): Promise<[LatestWriter<S>, LatestReader<S>]> {
  const writer = createLatest(uniqueName('latest'), schema)
  const reader = await openLatest(writer.name, schema, options)
  onTestFinished(() => {
    reader.close()
    writer.close()
  })
  return [writer, reader]
}

describe('a latest', () => {
  it.each<[string, Schema, unknown[]]>([
    ['a struct', Quote, [quote(1), quote(2)]],
    ['a number', u32, [0, 7, 4_294_967_295]],
    [
      'an array',
      array(f64, 3),
      [
        [1, 2, 3],
        [4.5, 5.5, 6.5],
      ],
    ],
    ['bytes of one length', bytes(4), [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(9, 8, 7, 6)]],
    ['bytes', payload.bytes, [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(65_536).fill(7)]],
    ['text', payload.utf8, ['hällo', '', 'x'.repeat(60_000)]],
    ['JSON', payload.json(), [{ a: [1, null, 'x'] }, null, 'y'.repeat(60_000)]],
    ['MessagePack', messagepack(), [{ a: 1n, b: Uint8Array.of(1) }, 'z'.repeat(60_000)]],
    [
      'a union',
      Event,
      [
        { kind: 'quote', value: quote(1) },
        { kind: 'note', value: 'hi' },
      ],
    ],
  ])('carries %s', async (_, schema, values) => {
    const [writer, reader] = await pair(schema)
    expect([reader.get(), reader.version, reader.age, reader.read(() => 1)]).toEqual([
      undefined,
      0,
      undefined,
      undefined,
    ])
    expect([writer.get(), writer.version]).toEqual([undefined, 0])
    const start = steadyNow()
    for (const [index, value] of [...values, ...values, ...values].entries()) {
      writer.set(value as MessageOf<typeof schema>)
      expect(writer.get()).toEqual(value)
      expect(reader.get()).toEqual(value)
      expect([reader.version, writer.version]).toEqual([index + 1, index + 1])
      expect(reader.age).toBeLessThanOrEqual(steadyNow() - start + 0.1) // the clocks of two threads may differ a little
    }
  })

  it('whose version another process has set back to 0 is refused, and keeps no loop running', async () => {
    const [writer, reader] = await pair(u32)
    writer.set(7)
    const changes = reader.changes()
    expect(await changes.next()).toMatchObject({ value: { value: 7, version: 1 } })
    using memory = SharedMemory.open(writer.name)
    new Uint8Array(memory.buffer, 65_536).fill(0)
    await expect(changes.next()).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await reader.wait({ since: 1 })).toBe(true)
    expect(reader.entry()).toEqual({ value: undefined, version: 0, age: undefined })
    expect(await reader.wait({ timeoutMs: 0 })).toBe(false)
  })

  it('shows its value in place, and returns what the handler returns', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(5))
    expect(reader.read((view) => view.bid + view.seq)).toBe(7.5)
    expect(() => reader.read((view) => Object.assign(view, { seq: 1 }))).toThrow(TypeError)
    expect(reader.get()).toEqual(quote(5))
  })

  it('is written in place, from the old value or whole', async () => {
    const [writer, reader] = await pair(Quote)
    writer.update((view) => {
      view.seq = 3
    })
    expect(reader.get()).toEqual({ symbol: '', bid: 0, seq: 3 })
    writer.fill((view) => Object.assign(view, quote(4)))
    writer.update((view) => {
      expect({ ...view }).toEqual(quote(4))
      view.bid += 1
    })
    expect([reader.get(), reader.version]).toEqual([{ ...quote(4), bid: 3 }, 3])
  })

  it('is written in place as bytes of any length', async () => {
    const [writer, reader] = await pair(payload.bytes)
    writer.fill((view) => view.set(Uint8Array.of(5, 6, 7)), 3)
    expect(reader.get()).toEqual(Uint8Array.of(5, 6, 7))
    for (const [length, message] of [
      [65_537, /0 to 65536 bytes/],
      [-1, /length -1/],
      [1.5, /length 1.5/],
    ] as const) {
      expect(() => writer.fill(() => {}, length)).toThrow(message)
    }
    expect(() => writer.fill(() => {})).toThrow(/vary in length: pass the length/)
    expect(() => writer.update(() => {})).toThrow(/pass a whole value to set/)
  })

  it('keeps the old value if writing fails', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    const oops = (_written?: unknown): never => {
      throw new Error('oops')
    }
    expect(() => writer.update((view) => oops(Object.assign(view, quote(2))))).toThrow('oops')
    expect(() => writer.fill((view) => oops(Object.assign(view, quote(2))))).toThrow('oops')
    expect(() => writer.set({ ...quote(2), seq: -1 })).toThrow(/seq/)
    expect(() =>
      writer.set({
        ...quote(2),
        get seq(): number {
          return oops()
        },
      }),
    ).toThrow('oops')
    // @ts-expect-error an async function would write after it has returned
    expect(() => writer.update(async () => {})).toThrow(/returned a promise/)
    // @ts-expect-error as above
    expect(() => writer.fill(async () => {})).toThrow(/returned a promise/)
    expect([reader.get(), reader.version]).toEqual([quote(1), 1])
    writer.set(quote(3))
    expect(reader.get()).toEqual(quote(3))
  })

  it('refuses to write inside a write, or to close there', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    const inside = [
      () => writer.set(quote(9)),
      () => writer.update(() => {}),
      () => writer.fill(() => {}),
      () => writer.close(),
    ]
    for (const act of inside) {
      const refused = /inside each other|close\(\) is not possible while a value is written/
      expect(() => writer.update(act)).toThrow(refused)
      expect(() =>
        writer.set({
          symbol: 'A',
          seq: 1,
          get bid() {
            return act() ?? 1
          },
        }),
      ).toThrow(refused)
    }
    expect([reader.get(), reader.version]).toEqual([quote(1), 1])
    writer.update((view) => {
      view.seq = writer.get()?.seq as number
    })
    expect(reader.get()).toEqual(quote(1))
  })

  it('refuses values that are too long, and values that have no view to write through', async () => {
    using writer = createLatest(uniqueName('latest'), payload.utf8, { maxMessageLength: 10 })
    using reader = await openLatest(writer.name, payload.utf8)
    writer.set('0123456789')
    expect(() => writer.set('0123456789a')).toThrow(`length 11 exceeds maxMessageLength 10 of latest "${writer.name}"`)
    expect(() => writer.fill(() => {}, 4)).toThrow('cannot be written in place: pass a value to set')
    expect([reader.get(), writer.maxMessageLength]).toEqual(['0123456789', 10])
  })

  it('reads again if the writer overtakes a handler, and shows a whole value then', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    let runs = 0
    const sum = reader.read((view) => {
      if (runs++ === 0) for (const seq of [2, 3, 4, 5]) writer.set(quote(seq))
      return view.bid * 2 - view.seq + view.seq
    })
    expect([runs, sum]).toEqual([2, 5])
    const noticed = reader.read((view) => {
      if (runs++ === 2) for (const seq of [6, 7]) writer.set(quote(seq))
      return view.seq
    })
    expect([runs, noticed]).toEqual([3, 5]) // two values later, the cell is still whole
  })

  it('throws what a handler throws, unless the writer had overtaken it', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    const failing = (overtakes: boolean) => {
      let runs = 0
      return reader.read(({ seq }) => {
        if (runs++ > 0) return seq
        if (overtakes) for (const seq of [2, 3, 4]) writer.set(quote(seq))
        throw new Error(`saw ${seq}`)
      })
    }
    expect(() => failing(false)).toThrow('saw 1')
    expect(failing(true)).toBe(4)
    expect(reader.read(({ seq }) => seq)).toBe(4)
  })

  it('lets a handler get the value, but not read in place or close', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    expect(reader.read((view) => [view.seq, reader.get()?.seq, reader.version])).toEqual([1, 1, 1])
    expect(() => reader.read(() => reader.read(() => 1))).toThrow('use get there')
    expect(() => reader.read(() => reader.close())).toThrow('close() is not possible inside read()')
    expect(reader.get()).toEqual(quote(1))
  })

  it('ends its views when it is closed, and refuses everything then', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    let kept: { seq: number } = { seq: 0 }
    let written: { seq: number } = kept
    reader.read((view) => {
      kept = view
    })
    writer.update((view) => {
      written = view
    })
    reader.close()
    writer.close()
    reader.close()
    writer.close()
    expect([reader.closed, writer.closed]).toEqual([true, true])
    expect(() => kept.seq).toThrow(code('CLOSED', 'this reader is closed'))
    expect(() => written.seq).toThrow(code('CLOSED', 'this writer is closed'))
    const uses = [
      () => reader.get(),
      () => reader.read(() => 1),
      () => reader.version,
      () => reader.age,
      () => reader.writer,
      () => reader.changes(),
      () => reader.waitSync({ timeoutMs: 0 }),
      () => reader.entry(),
      () => writer.set(quote(1)),
      () => writer.get(),
      () => writer.update(() => {}),
      () => writer.fill(() => {}),
    ]
    for (const use of uses) expect(use).toThrow(code('CLOSED'))
    await expect(reader.wait()).rejects.toThrow(code('CLOSED'))
  })

  it('is shown by console.log', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    const { name } = writer
    const shown = (value: object) => inspect(value).replace(/\s+/g, ' ')
    expect(shown(writer)).toBe(`LatestWriter { name: '${name}', schema: 'Quote', version: 1, closed: false }`)
    expect(shown(reader)).toBe(
      `LatestReader { name: '${name}', schema: 'Quote', closed: false, version: 1, writer: 'alive' }`,
    )
  })
})

describe('openLatest and createLatest', () => {
  it('let one writer live at a time, and tell the second one who it is', async () => {
    const [writer] = await pair(Quote)
    const message = 'it has a writer already: this process'
    expect(() => createLatest(writer.name, Quote)).toThrow(code('ALREADY_EXISTS', message))
    expect(() => createLatest(writer.name, Quote, { existing: 'refuse' })).toThrow(
      code('ALREADY_EXISTS', 'is "refuse"'),
    )
  })

  it('let the next writer continue: values stay, and versions go on', async () => {
    const [writer, reader] = await pair(Quote)
    writer.set(quote(1))
    writer.set(quote(2))
    expect(reader.writer).toBe('alive')
    writer.close()
    expect([reader.writer, reader.get(), reader.version]).toEqual(['closed', quote(2), 2])
    using next = createLatest(writer.name, Quote)
    expect([reader.writer, next.version, next.get()]).toEqual(['alive', 2, quote(2)])
    next.set(quote(3))
    expect([reader.get(), reader.version]).toEqual([quote(3), 3])
  })

  it('refuse options that an existing latest does not have, other schemas, and other shapes', async () => {
    const [writer] = await pair(Quote)
    const { name } = writer
    using _reader = await openLatest(name, Quote)
    writer.close()
    expect(() => createLatest(name, Quote, { maxReaders: 3 })).toThrow(
      code('OPTIONS_MISMATCH', 'maxReaders is 32, not 3'),
    )
    expect(() => createLatest(name, u32)).toThrow(code('SCHEMA_MISMATCH'))
    await expect(openLatest(name, board({ quote: Quote }))).rejects.toThrow(code('SCHEMA_MISMATCH'))
    await expect(openStream(name, Quote)).rejects.toThrow(code('NOT_A_CHANNEL', 'it is a latest, no stream'))
    expect(() => createRegion(name, Quote)).toThrow(code('NOT_A_REGION', 'Open it with openLatest'))
    using stream = createStream(uniqueName('stream'), Quote)
    await expect(openLatest(stream.name, Quote)).rejects.toThrow(code('NOT_A_CHANNEL', 'it is a stream, no latest'))
  })

  it.each([
    [{ maxMessageLength: 0 }, RangeError],
    [{ maxMessageLength: 2 ** 28 + 1 }, RangeError],
    [{ maxReaders: 33 }, RangeError],
    [{ maxReaders: 'many' }, TypeError],
    [{ existing: 'join' }, TypeError],
    [{ capacity: 65_536 }, TypeError],
  ])('refuse the options %j, and create nothing', (options, type) => {
    const name = uniqueName('latest')
    expect(() => createLatest(name, u32, options as never)).toThrow(type)
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('refuse values that are no schema, and keys that need too much memory', async () => {
    expect(() => createLatest(uniqueName('latest'), undefined as never)).toThrow(/^schema must be a layout or a codec/)
    for (const schema of [null, 5, {}]) {
      expect(() => createLatest(uniqueName('latest'), schema as never)).toThrow(/^schema must be a layout or a codec/)
      await expect(openLatest(uniqueName('latest'), schema as never)).rejects.toThrow(/^schema must be a layout/)
    }
    const huge = { maxMessageLength: 2 ** 28 }
    expect(() => createLatest(uniqueName('latest'), board({ a: payload.utf8, b: payload.utf8 }), huge)).toThrow(
      /length of all cells 214/,
    )
  })

  it('wait for the latest to appear', async () => {
    const name = uniqueName('latest')
    const opening = openLatest(name, u32)
    using writer = createLatest(name, u32)
    writer.set(5)
    using reader = await opening
    expect(reader.get()).toBe(5)
    await expect(openLatest(uniqueName('latest'), u32, { timeoutMs: 20 })).rejects.toThrow(code('TIMED_OUT'))
  })

  it('give each sleeping reader a slot, and need none with access "read"', async () => {
    using writer = createLatest(uniqueName('latest'), u32, { maxReaders: 1 })
    writer.set(3)
    using first = await openLatest(writer.name, u32)
    await expect(openLatest(writer.name, u32)).rejects.toThrow(code('FULL', 'no reader slot is free: maxReaders is 1'))
    using second = await openLatest(writer.name, u32, { access: 'read' })
    expect([first.get(), second.get(), second.writer]).toEqual([3, 3, 'alive'])
  })
})

describe('a board', () => {
  const Car = board({ engine: struct('Engine', { rpm: f64 }), gear: u8, note: payload.utf8 })

  it('has keys that are set and read on their own', async () => {
    using writer = createLatest(uniqueName('latest'), Car)
    using reader = await openLatest(writer.name, Car)
    expect(reader.entries()).toEqual([
      ['engine', undefined, 0, undefined],
      ['gear', undefined, 0, undefined],
      ['note', undefined, 0, undefined],
    ])
    writer.key('engine').set({ rpm: 900 })
    writer.key('engine').update((engine) => {
      engine.rpm += 100
      writer.key('gear').set(2) // another key
    })
    writer.key('note').set('ok')
    const age = expect.any(Number)
    expect(reader.entries()).toEqual([
      ['engine', { rpm: 1000 }, 2, age],
      ['gear', 2, 1, age],
      ['note', 'ok', 1, age],
    ])
    expect(reader.key('engine').read(({ rpm }) => rpm)).toBe(1000)
    expect(reader.key('engine')).toBe(reader.key('engine'))
    expect(() => reader.key('wheels' as never)).toThrow(/has no key "wheels"\. Its keys are engine, gear, note/)
    expect(() => writer.key('wheels' as never)).toThrow(TypeError)
    expect(inspect(reader)).toContain('versions: { engine: 2, gear: 1, note: 1 }')
    expect(inspect(writer)).toContain('versions: { engine: 2, gear: 1, note: 1 }')
  })

  it('is not closed while a key is written or read', async () => {
    using writer = createLatest(uniqueName('latest'), Car)
    using reader = await openLatest(writer.name, Car)
    writer.key('engine').set({ rpm: 1 })
    expect(() => writer.key('engine').update(() => writer.close())).toThrow('is not possible while a value is written')
    expect(() => reader.key('engine').read(() => reader.close())).toThrow('is not possible inside read()')
    expect(reader.key('engine').get()).toEqual({ rpm: 1 })
  })

  it('names the key that differs', async () => {
    using writer = createLatest(uniqueName('latest'), Car)
    const other = board({ engine: struct('Engine', { rpm: u32 }), gear: u8, note: payload.utf8 })
    await expect(openLatest(writer.name, other)).rejects.toThrow(
      code('SCHEMA_MISMATCH', 'field engine.rpm is f64 in the memory, and u32 in this process'),
    )
  })
})

describe('a reader of another schema', () => {
  const Wide = struct('Engine', { temperature: f64, rpm: f64, note: utf8(4) })
  const Narrow = struct('Engine', { rpm: f64 })

  it('reads the fields and keys that it declares, wherever they lie', async () => {
    using writer = createLatest(uniqueName('latest'), Wide)
    using reader = await openLatest(writer.name, Narrow)
    writer.set({ temperature: 80, rpm: 900, note: 'ok' })
    expect([reader.get(), reader.read(({ rpm }) => rpm)]).toEqual([{ rpm: 900 }, 900])
    using dashboard = createLatest(uniqueName('latest'), board({ note: payload.utf8, engine: Wide }))
    using part = await openLatest(dashboard.name, board({ engine: Narrow }))
    dashboard.key('engine').set({ temperature: 80, rpm: 1000, note: 'ok' })
    dashboard.key('note').set('hi')
    expect(part.entries()).toEqual([['engine', { rpm: 1000 }, 1, expect.any(Number)]])
  })

  it('needs no schema at all', async () => {
    using writer = createLatest(uniqueName('latest'), Wide)
    using reader = await openLatest(writer.name)
    writer.set({ temperature: 80, rpm: 900, note: 'ok' })
    expect(reader.key('value').get()).toEqual({ temperature: 80, rpm: 900, note: 'ok' })
    using dashboard = createLatest(uniqueName('latest'), board({ note: payload.utf8, engine: Wide }))
    using all = await openLatest(dashboard.name)
    dashboard.key('note').set('hi')
    expect(all.entries().map(([key, value]) => [key, value])).toEqual([
      ['note', 'hi'],
      ['engine', undefined],
    ])
  })

  it('is told which key or field is missing', async () => {
    using writer = createLatest(uniqueName('latest'), board({ engine: Narrow }))
    await expect(openLatest(writer.name, board({ engine: Wide }))).rejects.toThrow(
      code('SCHEMA_MISMATCH', 'field engine.temperature is missing in the memory'),
    )
    await expect(openLatest(writer.name, board({ wheels: u32 }))).rejects.toThrow(
      code('SCHEMA_MISMATCH', 'field wheels is missing in the memory'),
    )
  })
})

describe('waiting for a value', () => {
  it.each(['adaptive', 'park', 'spin'] as const)('ends when another value is set, %s', async (waitStrategy) => {
    const [writer, reader] = await pair(u32, { waitStrategy })
    const first = reader.wait()
    writer.set(1)
    expect(await first).toBe(true)
    expect(await reader.wait()).toBe(true) // not read yet
    expect(reader.get()).toBe(1)
    expect(await reader.wait({ timeoutMs: 20 })).toBe(false)
    expect(await reader.wait({ since: 0 })).toBe(true)
    setTimeout(() => writer.set(2), 20)
    expect(await reader.wait({ since: 1 })).toBe(true)
    expect(reader.read(() => reader.version)).toBe(2)
    expect(await reader.wait({ timeoutMs: 0 })).toBe(false)
  })

  it('blocks the thread with waitSync', async () => {
    const [writer, reader] = await pair(u32)
    expect(reader.waitSync({ timeoutMs: 20 })).toBe(false)
    writer.set(1)
    expect(reader.waitSync()).toBe(true)
    expect(reader.waitSync({ since: 1, timeoutMs: 0 })).toBe(false)
    const waiting = reader.wait({ since: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(() => reader.waitSync({ since: 1 })).toThrow(/waits already/)
    writer.set(2)
    expect(await waiting).toBe(true)
  })

  it.each(['adaptive', 'park', 'spin'] as const)(
    'may block right after a wait that ended early, %s',
    async (waitStrategy) => {
      const [writer, reader] = await pair(u32, { waitStrategy })
      expect(await reader.wait({ timeoutMs: 5 })).toBe(false)
      expect(reader.waitSync({ timeoutMs: 0 })).toBe(false)
      const abort = new AbortController()
      const waiting = reader.wait({ signal: abort.signal })
      await new Promise((resolve) => setTimeout(resolve, 5))
      abort.abort('enough')
      expect(reader.waitSync({ timeoutMs: 0 })).toBe(false)
      const next = reader.wait()
      await expect(waiting).rejects.toBe('enough')
      writer.set(1)
      expect(await next).toBe(true)
      expect(reader.waitSync()).toBe(true)
    },
  )

  it('is possible for several keys and callers at a time, each with its own end', async () => {
    const Two = board({ a: u32, b: u32 })
    using writer = createLatest(uniqueName('latest'), Two)
    using reader = await openLatest(writer.name, Two)
    const abort = new AbortController()
    const waits = [
      reader.key('a').wait(),
      reader.key('a').wait({ timeoutMs: 30 }),
      reader.key('b').wait({ signal: abort.signal }),
      reader.key('b').wait(),
    ]
    expect(await waits[1]).toBe(false)
    abort.abort(new Error('enough'))
    await expect(waits[2]).rejects.toThrow('enough')
    writer.key('b').set(1)
    expect(await waits[3]).toBe(true)
    writer.key('a').set(1)
    expect(await waits[0]).toBe(true)
    await expect(reader.key('a').wait({ signal: abort.signal })).rejects.toThrow('enough')
  })

  it('ends with an error when the reader is closed, and at once when the writer closes', async () => {
    const [writer, reader] = await pair(u32)
    using other = await openLatest(writer.name, u32)
    using patient = await openLatest(writer.name, u32, { endOn: 'never' })
    const closing = reader.wait()
    const ending = other.wait()
    const staying = patient.wait()
    reader.close()
    await expect(closing).rejects.toThrow(code('CLOSED'))
    writer.close()
    expect(await ending).toBe(false)
    expect(await other.wait()).toBe(false)
    using next = createLatest(writer.name, u32)
    const again = other.wait()
    next.set(1)
    expect(await again).toBe(true)
    expect(await staying).toBe(true)
  })

  it('refuses wrong options', async () => {
    const [, reader] = await pair(u32)
    await expect(reader.wait({ since: -1 })).rejects.toThrow(RangeError)
    await expect(reader.wait({ until: 1 } as never)).rejects.toThrow(TypeError)
    expect(() => reader.waitSync({ signal: AbortSignal.abort() } as never)).toThrow(TypeError)
    expect(() => reader.changes({ since: 1 } as never)).toThrow(TypeError)
  })

  it('rings each sleeper once per sleep, and nobody who does not sleep', async () => {
    const [writer, reader] = await pair(u32, { waitStrategy: 'park' })
    const rings: unknown[] = []
    const { ringSleepers } = Bells.prototype
    Bells.prototype.ringSleepers = function (this: Bells) {
      rings.push(1)
      ringSleepers.call(this)
    }
    onTestFinished(() => {
      Bells.prototype.ringSleepers = ringSleepers
    })
    writer.set(1)
    expect(rings).toEqual([])
    reader.get()
    const waiting = reader.wait()
    await new Promise((resolve) => setTimeout(resolve, 30))
    writer.set(2)
    expect(rings).toEqual([1])
    expect(await waiting).toBe(true)
  })
})

describe('changes', () => {
  it.each(['adaptive', 'park', 'spin'] as const)(
    'gives the newest value each time, and counts what it skipped, %s',
    async (waitStrategy) => {
      const [writer, reader] = await pair(u32, { waitStrategy })
      for (const value of [1, 2, 3]) writer.set(value)
      const seen: unknown[] = []
      for await (const change of reader.changes()) {
        seen.push(change)
        if (change.value === 3) setTimeout(() => writer.set(4), 10)
        if (change.value === 4) for (const value of [5, 6, 7]) writer.set(value)
        if (change.value === 7) writer.close()
      }
      expect(seen).toEqual([
        { value: 3, version: 3, skipped: 0 },
        { value: 4, version: 4, skipped: 0 },
        { value: 7, version: 7, skipped: 2 },
      ])
    },
  )

  it('ends when the reader is closed, and rejects when its signal aborts', async () => {
    const [, reader] = await pair(u32)
    const abort = new AbortController()
    const aborted = reader.changes({ signal: abort.signal }).next()
    const ended = reader.changes().next()
    abort.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    reader.close()
    expect(await ended).toEqual({ value: undefined, done: true })
  })

  it('gives the last value of a writer that closes at once', async () => {
    const [writer, reader] = await pair(u32)
    const first = reader.changes().next()
    writer.set(9)
    writer.close()
    expect((await first).value).toEqual({ value: 9, version: 1, skipped: 0 })
  })
})
