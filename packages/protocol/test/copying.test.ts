import { describe, expect, it } from 'vitest'
import { array, bytes, f64, i64, payload, struct, u8, u32, union } from '../src/index.js'
import { codecOf } from '../src/internal.js'
import { copierOf, copyExactly } from '../src/memory/copy-exactly.js'
import { KeptViews, keeperOf, keptBytesOf } from '../src/memory/kept-views.js'

/** Around each length at which another way of copying begins. */
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 65_536]
const FILLER = 0xee

/** Makes a lane that begins inside its buffer and is full of bytes that are no message. */
const laneOf = (length: number, start = 24) =>
  new DataView(new Uint8Array(length + 48).fill(FILLER).buffer, start, length)

const pattern = (length: number, first = 1) => Uint8Array.from({ length }, (_, index) => (first + 7 * index) & 0xff)

/** Returns the bytes of a lane before and behind a part of it. */
function around({ buffer, byteOffset }: DataView, offset: number, length: number): Uint8Array {
  const all = new Uint8Array(buffer)
  return Uint8Array.of(...all.slice(0, byteOffset + offset), ...all.slice(byteOffset + offset + length).slice(0, 999))
}

function expectUntouched(data: DataView, offset: number, length: number): void {
  expect(around(data, offset, length).every((byte) => byte === FILLER)).toBe(true)
}

function detach(buffer: ArrayBuffer): void {
  structuredClone(buffer, { transfer: [buffer] })
}

/** A subclass whose properties claim another length. */
class Liar extends Uint8Array {
  override get length() {
    return 2
  }
  override get byteLength() {
    return 2
  }
}

/** Arrays of the same bytes that lie in different kinds of memory. */
function sourcesOf(content: Uint8Array): [string, Uint8Array][] {
  const { length } = content
  const shared = new Uint8Array(new SharedArrayBuffer(length + 8), 3, length)
  const odd = new Uint8Array(length + 9).subarray(5, 5 + length)
  const pooled = Buffer.allocUnsafe(length)
  const liar = new Liar(length)
  const own = new Uint8Array(length)
  for (const each of [shared, odd, pooled, liar, own]) Uint8Array.prototype.set.call(each, content)
  Object.defineProperties(own, { length: { value: 1 }, byteLength: { value: 1 } })
  return [
    ['shared memory', shared],
    ['an odd offset', odd],
    ['a Buffer of the pool', pooled],
    ['a subclass that claims another length', liar],
    ['an array whose own properties claim another length', own],
  ]
}

describe('copies of bytes', () => {
  it('have the same bytes for each length and offset, and touch no other byte', () => {
    for (const length of LENGTHS) {
      for (const offset of [0, 8, 13]) {
        const content = pattern(length, length + offset)
        const encoded = laneOf(length + 32)
        expect(payload.bytes.measure(content)).toBe(length)
        expect(payload.bytes.encode(encoded, offset, content)).toBe(length)
        expectUntouched(encoded, offset, length)
        expect(payload.bytes.decode(encoded, offset, length)).toEqual(content)

        const placed = laneOf(length + 32)
        const view = payload.bytes.view(placed).at(offset, length)
        view.set(content)
        expectUntouched(placed, offset, length)
        const target = new Uint8Array(length + 5).fill(FILLER)
        codecOf(payload.bytes).readonlyView(placed).at(offset, length).copyTo(target, 2)
        expect(target.subarray(2, 2 + length)).toEqual(content)
        expect([target[0], target[1], ...target.subarray(2 + length)]).toEqual(Array(5).fill(FILLER))
      }
    }
  })

  it('have the same bytes if the memory ends right behind them', () => {
    for (const length of [...Array.from({ length: 36 }, (_, index) => 32 + index), 253, 254, 255, 256, 257, 258]) {
      for (const offset of [0, 4, 8]) {
        const { buffer } = pattern(offset + length)
        const target = new Uint8Array(length)
        bytes(length).readonlyView(buffer, offset).copyTo(target)
        expect(target).toEqual(new Uint8Array(buffer, offset))
      }
    }
  })

  it('give no view of the memory to the target', () => {
    class Spy extends Uint8Array {
      override set(): void {
        throw new Error('this must not be called')
      }
    }
    for (const length of [32, 33, 256, 257]) {
      const data = laneOf(length + 32)
      payload.bytes.view(data).at(8, length).set(pattern(length))
      const target = new Spy(length)
      codecOf(payload.bytes).readonlyView(data).at(8, length).copyTo(target)
      expect([...target]).toEqual([...pattern(length)])
    }
  })

  it('set a part of the bytes from an index on', () => {
    const data = laneOf(600)
    const view = payload.bytes.view(data).at(8, 500)
    view.set(new Uint8Array(500))
    view.set(pattern(400), 100)
    expect(view.slice(100)).toEqual(pattern(400))
    expect(view.slice(0, 100)).toEqual(new Uint8Array(100))
    view.set(new Uint8Array(0), 500)
    expect(() => view.set(pattern(400), 101)).toThrow('400 bytes from index 101 on do not fit: the length is 500')
    expectUntouched(data, 8, 500)
  })

  it('show new bytes at a place that held another message before', () => {
    const data = laneOf(65_536)
    const reader = codecOf(payload.bytes).readonlyView(data)
    const target = new Uint8Array(4096)
    const lengths = [1024, 1024, 300, 1024, 2048, 40, 1024]
    lengths.forEach((length, lap) => {
      for (const offset of [8, 8 + 4104]) {
        const content = pattern(length, lap + offset)
        payload.bytes.measure(content)
        payload.bytes.encode(data, offset, content)
        expect(payload.bytes.decode(data, offset, length)).toEqual(content)
        reader.at(offset, length).copyTo(target)
        expect(target.subarray(0, length)).toEqual(content)
      }
    })
  })

  it('are taken from any kind of memory, whatever length its properties claim', () => {
    for (const length of [20, 100, 300, 5000]) {
      const content = pattern(length)
      for (const [kind, source] of sourcesOf(content)) {
        const data = laneOf(length + 32)
        expect(payload.bytes.measure(source), kind).toBe(length)
        payload.bytes.encode(data, 8, source)
        expect(payload.bytes.decode(data, 8, length), kind).toEqual(content)
        expectUntouched(data, 8, length)

        const view = payload.bytes.view(laneOf(length + 32)).at(8, length)
        view.set(source)
        expect(view.slice(), kind).toEqual(content)

        const Body = struct('Body', { body: bytes(length) })
        const place = laneOf(length + 32)
        codecOf(Body).view(place).at(8, Body.length).body = source
        expect(Body.read(place, 8).body, kind).toEqual(content)
        Body.write(place, 8, { body: source })
        expect(Body.read(place, 8).body, kind).toEqual(content)
        expectUntouched(place, 8, length)
      }
    }
  })

  it('are right if the source overlaps the target in the lane', () => {
    const data = laneOf(1024)
    const whole = new Uint8Array(data.buffer, data.byteOffset, 1024)
    whole.set(pattern(1024))
    const before = whole.slice(100, 600)
    payload.bytes.view(data).at(110, 500).set(whole.subarray(100, 600))
    expect(whole.slice(110, 610)).toEqual(before)
    const again = whole.slice(110, 610)
    const part = whole.subarray(110, 610)
    payload.bytes.measure(part)
    payload.bytes.encode(data, 90, part)
    expect(whole.slice(90, 590)).toEqual(again)
    payload.bytes.view(data).at(90, 500).copyTo(whole, 96)
    expect(whole.slice(96, 596)).toEqual(again)
  })

  it('keep to the length that was measured', () => {
    const Message = union({ note: payload.bytes })
    const data = laneOf(512)
    let reads = 0
    const message = {
      kind: 'note' as const,
      get value() {
        return pattern(reads++ === 0 ? 10 : 300)
      },
    }
    expect(Message.measure(message)).toBe(18)
    expect(Message.encode(data, 8, message)).toBe(18)
    expect(Message.decode(data, 8, 18)).toEqual({ kind: 'note', value: pattern(10) })
    expect(reads).toBe(1)
    expectUntouched(data, 8, 18)
  })

  it('count as what they are, whatever their prototype says', () => {
    const disguised = Object.setPrototypeOf(new Int16Array(32).fill(3), Uint8Array.prototype)
    const buffer = new ArrayBuffer(64)
    expect(payload.bytes.measure(disguised)).toBe(32)
    const write = () => bytes(64).write(new DataView(buffer), 0, disguised)
    expect(write).toThrow('32 bytes given where there are 64')
    const few = Object.setPrototypeOf(new Int8Array([1, 2, 3, 4]), Float64Array.prototype)
    array(f64, 4).write(new DataView(buffer), 0, few) // element by element
    expect(array(f64, 4).read(new DataView(buffer), 0)).toEqual([1, 2, 3, 4])
    const large = Object.setPrototypeOf(Float64Array.of(999, 1), Uint8Array.prototype)
    expect(() => array(u8, 2).write(new DataView(buffer), 0, large)).toThrow('999 is not a u8')
  })

  it('leave no old bytes if a subclass shortens them after the check', () => {
    class Short extends Uint8Array {
      override subarray() {
        return new Uint8Array(0)
      }
    }
    let reads = 0
    const Nested = struct('Nested', { inner: struct('Inner', { b: bytes(8) }) })
    const inner = {
      get b() {
        return reads++ === 0 ? new Uint8Array(8).fill(1) : new Short(7).fill(2)
      },
    }
    const data = new DataView(new Uint8Array(8).fill(FILLER).buffer)
    Nested.write(data, 0, { inner })
    expect(new Uint8Array(data.buffer)).toEqual(Uint8Array.of(2, 2, 2, 2, 2, 2, 2, 0))
  })

  it('are not copied into an array that lies about its length', () => {
    class Long extends Float64Array {
      override get length() {
        return 99
      }
    }
    const view = array(f64, 16).readonlyView(new ArrayBuffer(128))
    expect(() => view.copyTo(new Long(4))).toThrow('16 elements do not fit into 4')
    expect(() => view.copyTo(new Float64Array(20), 0.5)).toThrow(RangeError)
    const raw = bytes(16).readonlyView(new ArrayBuffer(16))
    expect(() => raw.copyTo(new Uint8Array(20), 0.5)).toThrow(RangeError)
    expect(() => raw.copyTo([] as unknown as Uint8Array)).toThrow('expected a Uint8Array')
  })

  it('are copied without asking their buffer, which may lie, and change its length when it is asked', () => {
    const buffer: ArrayBuffer = Reflect.construct(ArrayBuffer, [100, { maxByteLength: 1000 }])
    const source = new Uint8Array(buffer).fill(7)
    Object.defineProperty(buffer, 'growable', {
      get: () => (buffer as unknown as { resize(length: number): void }).resize(900),
    })
    const data = laneOf(1000)
    const codec = codecOf(payload.bytes)
    codec.measure(source)
    codec.encode(data, 8, source)
    expectUntouched(data, 8, 100)
    expect(source.length).toBe(100)
  })

  it('are refused if their length has changed since it was measured', () => {
    for (const length of [20, 100]) {
      for (const changed of [0, length - 1, length + 1, 1000]) {
        const resizable = Reflect.construct(ArrayBuffer, [length, { maxByteLength: 1000 }])
        const growable = Reflect.construct(SharedArrayBuffer, [length, { maxByteLength: 1000 }])
        for (const buffer of changed > length ? [resizable, growable] : [resizable]) {
          const data = laneOf(2000)
          const source = new Uint8Array(buffer)
          payload.bytes.measure(source)
          if (buffer === growable) buffer.grow(changed)
          else buffer.resize(changed)
          expect(() => payload.bytes.encode(data, 8, source)).toThrow('not the value that was measured last')
          expectUntouched(data, 8, 0)
        }
      }
    }
  })

  it('are as many as were counted, even if another thread adds more during the copy', () => {
    for (const [counted, actual] of [
      [10, 20],
      [10, 64],
      [10, 65],
      [64, 65],
      [65, 66],
      [100, 1000],
    ] as const) {
      const source = new Uint8Array(Reflect.construct(SharedArrayBuffer, [actual, { maxByteLength: 1000 }]))
      source.set(pattern(actual))
      for (const room of [1200, 2 ** 20]) {
        const data = laneOf(room)
        const isKept = keptBytesOf(data).keeps(counted)
        expect(isKept).toBe(room === 1200)
        if (counted <= 64 ? actual > 64 : isKept) {
          expect(() => copyExactly(source, counted, keptBytesOf(data), 8)).toThrow(RangeError)
          expectUntouched(data, 8, 0)
        } else {
          copyExactly(source, counted, keptBytesOf(data), 8)
          expect(new Uint8Array(data.buffer, data.byteOffset + 8, counted)).toEqual(pattern(counted))
          expectUntouched(data, 8, counted)
        }
      }
    }
  })

  it('are refused if either memory is detached', () => {
    for (const length of [20, 100, 300, 5000]) {
      const source = pattern(length)
      const data = laneOf(length + 32)
      const writer = payload.bytes.view(data).at(8, length)
      const reader = codecOf(payload.bytes).readonlyView(data).at(8, length)
      const target = new Uint8Array(length)
      writer.set(source)
      reader.copyTo(target)
      payload.bytes.decode(data, 8, length)

      payload.bytes.measure(source)
      const gone = pattern(length)
      detach(gone.buffer)
      expect(() => payload.bytes.encode(data, 8, gone)).toThrow(TypeError)
      expect(payload.bytes.measure(gone)).toBe(0)
      const lost = new Uint8Array(length)
      detach(lost.buffer)
      expect(() => reader.copyTo(lost)).toThrow(RangeError)

      detach(data.buffer as ArrayBuffer)
      payload.bytes.measure(source)
      expect(() => payload.bytes.encode(data, 8, source)).toThrow(TypeError)
      expect(() => payload.bytes.decode(data, 8, length)).toThrow(TypeError)
      expect(() => writer.set(source)).toThrow(TypeError)
      expect(() => reader.copyTo(target)).toThrow(TypeError)
      expect(target).toEqual(source)
    }
  })

  it('fill a field with the bytes that a getter gives at last, and zeros behind them', () => {
    const Body = struct('Body', { body: bytes(300) })
    for (const length of [0, 299, 300, 301]) {
      const data = laneOf(400)
      let reads = 0
      const value = {
        get body() {
          return pattern(reads++ === 0 ? 300 : length)
        },
      }
      codecOf(Body).measure(value)
      codecOf(Body).encode(data, 8, value)
      const expected = new Uint8Array(300)
      expected.set(pattern(length).subarray(0, 300))
      expect(Body.read(data, 8).body).toEqual(expected)
      expectUntouched(data, 8, 300)
    }
  })
})

describe('copies of numbers', () => {
  const numbers = (count: number, first = 0.5) => Float64Array.from({ length: count }, (_, index) => first + index)

  it('have the same numbers for each count, aligned or not, and touch no other byte', () => {
    for (const count of [1, 7, 8, 9, 31, 32, 33, 128, 1000]) {
      for (const start of [24, 20]) {
        for (const offset of [8, 4, 3]) {
          const layout = array(f64, count)
          const data = laneOf(layout.length + 32, start)
          const view = codecOf(layout).view(data).at(offset, layout.length)
          const reader = codecOf(layout).readonlyView(data).at(offset, layout.length)
          const content = numbers(count)
          const target = new Float64Array(count + 2)
          for (const write of [
            () => view.set(content),
            () => view.assign(content),
            () => view.set([...content]),
            () => layout.write(data, offset, content as never),
            () => layout.write(data, offset, [...content]),
          ]) {
            layout.write(data, offset, Array(count).fill(-1))
            write()
            expect(layout.read(data, offset)).toEqual([...content])
            expect(reader.toArray()).toEqual([...content])
            target.fill(-1)
            reader.copyTo(target, 1)
            expect([...target]).toEqual([-1, ...content, -1])
            expectUntouched(data, offset, layout.length)
          }
        }
      }
    }
  })

  it('give no view of the memory to the target', () => {
    class Spy extends Float64Array {
      override set(): void {
        throw new Error('this must not be called')
      }
    }
    const layout = array(f64, 40)
    for (const offset of [8, 4]) {
      const data = laneOf(400)
      layout.write(data, offset, [...numbers(40)])
      const target = new Spy(40)
      codecOf(layout).readonlyView(data).at(offset, layout.length).copyTo(target)
      expect([...target]).toEqual([...numbers(40)])
    }
  })

  it('are as many as were counted, even if another thread adds more during the copy', () => {
    const copy = copierOf<Float64Array>(Float64Array)
    for (const [counted, actual] of [
      [3, 8],
      [3, 9],
      [8, 9],
      [9, 10],
      [50, 100],
    ] as const) {
      const source = new Float64Array(Reflect.construct(SharedArrayBuffer, [actual * 8, { maxByteLength: 1000 }]))
      source.set(numbers(actual))
      for (const room of [120, 2 ** 17]) {
        const target = new Float64Array(room).fill(-1)
        const kept = new KeptViews<Float64Array>(Float64Array, new DataView(target.buffer))
        if (counted <= 8 ? actual > 8 : kept.keeps(counted)) {
          expect(() => copy(source, counted, kept, 16)).toThrow(RangeError)
          expect(target.every((number) => number === -1)).toBe(true)
        } else {
          copy(source, counted, kept, 16)
          expect([...target.slice(0, counted + 2)]).toEqual([-1, -1, ...numbers(counted)])
          expect(target.slice(counted + 2).every((number) => number === -1)).toBe(true)
        }
      }
    }
  })

  it('keep every bit of a NaN', () => {
    const bits = BigUint64Array.from({ length: 20 }, (_, index) => 0x7ff0_0000_0000_0001n + BigInt(index))
    const layout = array(f64, 20)
    for (const offset of [8, 4]) {
      const data = laneOf(256)
      const target = new Float64Array(20)
      const view = codecOf(layout).view(data).at(offset, layout.length)
      view.set(new Float64Array(bits.buffer))
      view.copyTo(target)
      expect(new BigUint64Array(target.buffer)).toEqual(bits)
    }
  })

  it('show new numbers at a place that held another message before', () => {
    const Sample = struct('Sample', { id: u32, samples: array(f64, 100), wide: array(i64, 9) })
    const data = laneOf(8192)
    const writer = codecOf(Sample).view(data)
    const reader = codecOf(Sample).readonlyView(data)
    const target = new Float64Array(100)
    const wide = new BigInt64Array(9)
    for (let lap = 0; lap < 3; lap++) {
      for (const offset of [8, 8 + Sample.length + 8]) {
        const message = writer.at(offset, Sample.length)
        message.samples.set(numbers(100, lap + offset))
        message.wide.set(BigInt64Array.from({ length: 9 }, (_, index) => BigInt(lap - index)))
        const { samples, wide: readWide } = reader.at(offset, Sample.length)
        samples.copyTo(target)
        readWide.copyTo(wide)
        expect(target).toEqual(numbers(100, lap + offset))
        expect(wide[8]).toBe(BigInt(lap - 8))
      }
    }
  })

  it('believe no length that a typed array claims', () => {
    for (const count of [4, 40]) {
      const layout = array(u8, count)
      for (const [kind, source] of sourcesOf(pattern(count))) {
        const data = laneOf(count + 32)
        const view = codecOf(layout).view(data).at(9, count)
        for (const write of [
          () => view.set(source),
          () => view.assign(source),
          () => layout.write(data, 9, source as never),
        ]) {
          layout.write(data, 9, Array(count).fill(0))
          write()
          expect(layout.read(data, 9), kind).toEqual([...pattern(count)])
          expectUntouched(data, 9, count)
        }
      }
      const tooLong = new Liar(count + 1)
      const view = codecOf(layout)
        .view(laneOf(count + 32))
        .at(9, count)
      expect(() => view.set(tooLong)).toThrow(`${count + 1} values from index 0 on do not fit`)
      expect(() => view.assign(tooLong)).toThrow(`${count + 1} elements given where there are ${count}`)
    }
  })

  it('leave no old bytes if a getter gives fewer numbers at last', () => {
    const Sample = struct('Sample', { samples: array(u32, 40) })
    const data = laneOf(400)
    let reads = 0
    const value = {
      get samples() {
        return new Uint32Array(reads++ === 0 ? 40 : 10).fill(7) as never
      },
    }
    codecOf(Sample).measure(value)
    codecOf(Sample).encode(data, 8, value)
    expect(Sample.read(data, 8).samples).toEqual([...Array(10).fill(7), ...Array(30).fill(0)])
    expectUntouched(data, 8, Sample.length)
  })

  it('are refused outside the view, and if either memory is detached', () => {
    const layout = array(f64, 40)
    const data = laneOf(layout.length + 32)
    for (const offset of [40, -8, -24]) expect(() => layout.read(data, offset)).toThrow(RangeError)
    const view = codecOf(layout).view(data).at(8, layout.length)
    const target = new Float64Array(40)
    view.set(numbers(40))
    view.copyTo(target)
    const lost = new Float64Array(40)
    detach(lost.buffer)
    expect(() => view.copyTo(lost)).toThrow(RangeError)
    expect(() => view.assign(lost)).toThrow('0 elements given where there are 40')
    detach(data.buffer as ArrayBuffer)
    expect(() => view.copyTo(target)).toThrow(TypeError)
    expect(() => view.set(numbers(40))).toThrow(TypeError)
    expect(() => layout.read(data, 8)).toThrow(TypeError)
    expect(target).toEqual(numbers(40))
  })

  it('are refused by the view of a reader', () => {
    const layout = array(f64, 40)
    const view = codecOf(layout).readonlyView(laneOf(400)).at(8, layout.length)
    expect(() => (view as unknown as Float64Array).set(numbers(40))).toThrow('this view is read-only')
  })
})

describe('kept views', () => {
  const data = new DataView(new ArrayBuffer(65_536 + 16), 8, 65_536)

  it('are made once for each place of the memory, if they are at least as long as a place', () => {
    const views = new KeptViews(Uint8Array, data)
    const first = views.at(8, 64)
    expect([first.byteOffset, first.length]).toEqual([16, 64])
    expect(views.at(8, 64)).toBe(first)
    expect(views.at(8, 65)).not.toBe(first)
    expect(views.at(8, 64)).not.toBe(first)
    expect(views.at(72, 63)).not.toBe(views.at(72, 63))
    expect(views.at(9, 64).byteOffset).toBe(17)
    const last = views.at(65_536 - 64, 64)
    expect(views.at(65_536 - 64, 64)).toBe(last)
  })

  it('count the elements of their type', () => {
    const views = new KeptViews(Float64Array, data)
    expect(views.whole.length).toBe(8192)
    const view = views.at(16, 8)
    expect([view.byteOffset, view.length]).toEqual([24, 8])
    expect(views.at(16, 8)).toBe(view)
    expect(views.at(80, 7)).not.toBe(views.at(80, 7))
  })

  it('are shared by all code that copies numbers of one type in one memory', () => {
    const { buffer } = data
    expect(keeperOf(Float64Array)(data)).toBe(keeperOf(Float64Array)(data))
    expect(keeperOf(Uint8Array)(data)).toBe(keptBytesOf(data))
    expect(keptBytesOf(new DataView(buffer))).not.toBe(keptBytesOf(data))
  })

  it('do not reach behind the buffer', () => {
    const views = new KeptViews(Uint8Array, data)
    expect(() => views.at(65_500, 100)).toThrow(RangeError)
    expect(() => views.at(70_000, 0)).toThrow(RangeError)
  })
})
