import { array } from '../layout/array.js'
import { enumeration } from '../layout/enumeration.js'
import { at } from '../layout/field-placement.js'
import type { AnyLayout, Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { bool, f32, f64, i32, u8, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { latin1 } from '../layout/text.js'
import { loadAfterCopy, loadBeforeCopy, wordsOf } from '../memory/atomics.js'
import { ansiDecoder } from './ansi.js'
import { checkHeader, readTable } from './table.js'

/** The name of the mapping. */
export const IRACING_NAME = 'Local\\IRSDKMemMapFileName'

/** The name of the event that the simulator sets after each update. */
export const IRACING_EVENT_NAME = 'Local\\IRSDKDataValidEvent'

const charArray = (length: number) => latin1(length, { terminator: 'optional' })

/** Describes one of the rows. The simulator writes the rows in turn: each update writes the next one. */
const IRacingBuffer = struct('IRacingBuffer', { tickCount: i32, offset: i32 }, { length: 16 })

/**
 * The header of iRacing's telemetry, 112 bytes.
 *
 * @see the struct `irsdk_header` of iRacing's SDK, `irsdk_defines.h`
 */
export const IRacingHeader = struct('IRacingHeader', {
  version: i32,
  /** Bit 0: the simulator is connected. */
  status: i32,
  /** Updates a second. */
  tickRate: i32,
  /** Changes with the session text. */
  sessionInfoUpdate: i32,
  sessionInfoLength: i32,
  sessionInfoOffset: i32,
  variableCount: i32,
  variableHeaderOffset: i32,
  bufferCount: i32,
  bufferLength: i32,
  buffers: at(48, array(IRacingBuffer, 4)),
})

/**
 * Describes one variable, 144 bytes.
 *
 * @see the struct `irsdk_varHeader` of iRacing's SDK, `irsdk_defines.h`
 */
export const IRacingVariableHeader = struct(
  'IRacingVariableHeader',
  {
    type: enumeration(i32, { char: 0, bool: 1, int: 2, bitField: 3, float: 4, double: 5 }),
    /** Bytes from the start of a row. */
    offset: i32,
    /** Elements; 1 for a plain number. */
    count: i32,
    /** True if the elements are values of one quantity at successive times. */
    countAsTime: bool,
    name: at(16, charArray(32)),
    description: at(48, charArray(64)),
    unit: at(112, charArray(32)),
  },
  { length: 144 },
)

/** How iRacing describes a variable. `offset` is in bytes from the start of a row. */
export type IRacingVariable = Infer<typeof IRacingVariableHeader>

/** The value of a variable: text for `char`, an array if `count` is more than 1. */
export type IRacingValue = number | boolean | string | readonly number[] | readonly boolean[]

const ELEMENTS = { char: u8, bool, int: i32, bitField: u32, float: f32, double: f64 } as const

const CONNECTED = 1

/**
 * Reads iRacing's telemetry by the names of its variables.
 *
 * ```ts
 * const telemetry = new IRacingTelemetry(memory.buffer)
 * if (telemetry.refresh()) console.log(telemetry.get('Speed'), telemetry.get('Gear'))
 * ```
 */
export class IRacingTelemetry {
  readonly #buffer: ArrayBuffer
  readonly #view: DataView
  readonly #words: Int32Array
  #described: Infer<typeof IRacingHeader> | undefined
  #variables = new Map<string, IRacingVariable>()
  #layouts = new Map<string, AnyLayout>()
  #row = new DataView(new ArrayBuffer(0))
  #tickCount = 0

  /**
   * @param buffer iRacing's whole mapping; read access is enough
   * @throws LayoutError `TOO_SHORT` without room for the header
   */
  constructor(buffer: ArrayBuffer) {
    checkHeader('iRacing', buffer.byteLength, IRacingHeader.length)
    this.#buffer = buffer
    this.#view = new DataView(buffer)
    this.#words = wordsOf(buffer)
  }

  /** The variables by name, as of the last `refresh`. They differ from car to car. If two have the same name, the first counts. */
  get variables(): ReadonlyMap<string, IRacingVariable> {
    return this.#variables
  }

  /** The number of the update that the last successful `refresh` has read. */
  get tickCount(): number {
    return this.#tickCount
  }

  /**
   * Copies the newest row, consistent in itself, for `get`. If the session has changed, reads the descriptions of the variables
   * again. Does not block.
   *
   * @param maxAttempts how often to try for a consistent copy, 100 by default
   * @returns false if the simulator is not connected, or no attempt got a consistent copy. Then `get` still reads the last row that
   *   was copied, unless the session has changed
   * @throws LayoutError `CORRUPT` if something does not lie inside the memory
   */
  refresh(maxAttempts = 100): boolean {
    const header = IRacingHeader.read(this.#view, 0)
    if ((header.status & CONNECTED) === 0) return false
    if (!isSameSession(header, this.#described)) this.#describe(header)
    const row = new Uint8Array(this.#row.buffer)
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const { index, tickCount, offset } = this.#newest(header.bufferCount)
      this.#checkInside('row', offset, row.length, 4 * index + IRacingBuffer.fields.offset.offset)
      row.set(new Uint8Array(this.#buffer, offset, row.length))
      if (loadAfterCopy(this.#words, index) === tickCount) {
        this.#tickCount = tickCount
        return true
      }
    }
    return false
  }

  /**
   * Reads a variable from the row that the last `refresh` has copied.
   *
   * @returns `undefined` if there is no variable of that name, or if its type is unknown
   */
  get(name: string): IRacingValue | undefined {
    const offset = this.#variables.get(name)?.offset
    return offset === undefined ? undefined : this.#layouts.get(name)?.read(this.#row, offset)
  }

  /**
   * Reads the text that describes the session: drivers, car, track. It is YAML in windows-1252. When it changes,
   * `sessionInfoUpdate` in the header changes, too. Allocates the text.
   *
   * @throws LayoutError `CORRUPT` if it does not lie inside the memory
   */
  sessionInfo(): string {
    const { sessionInfoOffset, sessionInfoLength } = IRacingHeader.read(this.#view, 0)
    this.#checkInside('session text', sessionInfoOffset, sessionInfoLength, fields.sessionInfoLength.offset)
    return sessionInfoLength === 0 ? '' : decode(charArray(sessionInfoLength).read(this.#view, sessionInfoOffset))
  }

  /** Reads the descriptions of the variables, and makes room for a row of them. */
  #describe(header: Infer<typeof IRacingHeader>): void {
    const { bufferCount, bufferLength, variableHeaderOffset, variableCount } = header
    if (bufferCount < 1 || bufferCount > header.buffers.length)
      throw new LayoutError('CORRUPT', fields.bufferCount.offset, `iRacing: ${bufferCount} buffers, not 1 to 4`)
    this.#checkInside('row', 0, bufferLength, fields.bufferLength.offset)
    const table = { offset: variableHeaderOffset, stride: IRacingVariableHeader.length, count: variableCount }
    const describedAt = fields.variableHeaderOffset.offset
    const list = readTable('iRacing variables', this.#view, table, IRacingVariableHeader, describedAt)

    const variables = new Map<string, IRacingVariable>()
    const layouts = new Map<string, AnyLayout>()
    list.forEach((variable, index) => {
      const { name, type, offset, count } = variable
      if (variables.has(name)) return
      variables.set(name, variable)
      if (typeof type === 'number') return
      if (offset < 0 || count < 1 || offset + count * ELEMENTS[type].length > bufferLength)
        throw new LayoutError(
          'CORRUPT',
          variableHeaderOffset + index * IRacingVariableHeader.length,
          `iRacing: ${count} of ${type} at offset ${offset} are not inside a row of ${bufferLength} bytes`,
        )
      const element = ELEMENTS[type]
      layouts.set(name, type === 'char' ? charArray(count) : count === 1 ? element : array<AnyLayout>(element, count))
    })
    this.#row = new DataView(new ArrayBuffer(bufferLength))
    this.#variables = variables
    this.#layouts = layouts
    this.#described = header
  }

  /** Finds the row written last. `index` is the Int32 index of its tick count. Tick counts wrap. */
  #newest(bufferCount: number): { index: number; tickCount: number; offset: number } {
    let newest = { index: 0, tickCount: 0, offset: 0 }
    for (let row = 0; row < bufferCount; row++) {
      const at = fields.buffers.offset + row * IRacingBuffer.length
      const tickCount = loadBeforeCopy(this.#words, at / 4)
      if (row === 0 || ((tickCount - newest.tickCount) | 0) > 0)
        newest = { index: at / 4, tickCount, offset: IRacingBuffer.read(this.#view, at).offset }
    }
    return newest
  }

  #checkInside(what: string, offset: number, length: number, describedAt: number): void {
    const available = this.#buffer.byteLength
    if (offset < 0 || length < 0 || offset + length > available)
      throw new LayoutError(
        'CORRUPT',
        describedAt,
        `iRacing: ${what} of ${length} bytes at offset ${offset} is not inside the memory of ${available} bytes`,
      )
  }
}

const { fields } = IRacingHeader
const decode = ansiDecoder({})

function isSameSession(a: Infer<typeof IRacingHeader>, b: Infer<typeof IRacingHeader> | undefined): boolean {
  return (
    a.sessionInfoUpdate === b?.sessionInfoUpdate &&
    a.variableCount === b.variableCount &&
    a.variableHeaderOffset === b.variableHeaderOffset &&
    a.bufferCount === b.bufferCount &&
    a.bufferLength === b.bufferLength
  )
}
