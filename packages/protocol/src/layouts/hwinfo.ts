import { enumeration } from '../layout/enumeration.js'
import { at } from '../layout/field-placement.js'
import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { f64, i64, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { latin1, utf8 } from '../layout/text.js'
import { wordsOf } from '../memory/atomics.js'
import { copyUnchanged } from '../memory/copy-unchanged.js'
import { type AnsiOptions, ansiDecoder } from './ansi.js'
import { checkHeader, readGrown, readTable } from './table.js'

/** The name of the mapping. */
export const HWINFO_NAME = 'Global\\HWiNFO_SENS_SM2'

/** The name of the mutex that HWiNFO holds while it writes. `readHwinfo` does not need it. */
export const HWINFO_MUTEX_NAME = 'Global\\HWiNFO_SM2_MUTEX'

/** ANSI text, one character for each byte: `readHwinfo` decodes it. */
const ansi = (length: number) => latin1(length, { terminator: 'optional' })
const utf8Text = (length: number) => utf8(length, { terminator: 'optional' })

/**
 * The header of HWiNFO's memory, 48 bytes, packed: offsets, lengths and counts of the two tables that follow. Revision 0 has no
 * polling period, and 44 bytes.
 *
 * @see the struct `HWiNFO_SENSORS_SHARED_MEM2` of HWiNFO's shared memory header `hwisenssm2.h`
 */
export const HwinfoHeader = struct(
  'HwinfoHeader',
  {
    signature: ansi(4),
    /** 2 since HWiNFO 7.33, with text in UTF-8, too. */
    version: u32,
    revision: u32,
    /** Seconds since 1970 of the last update. */
    pollTime: i64,
    sensorsOffset: u32,
    sensorLength: u32,
    sensorCount: u32,
    readingsOffset: u32,
    readingLength: u32,
    readingCount: u32,
    /** Milliseconds between updates. */
    pollingPeriodMs: u32,
  },
  { packed: true },
)
const OLDEST_HEADER_LENGTH = 44

/**
 * A sensor, a group of readings: 392 bytes, and 264 in version 1, which has no UTF-8. Elements in memory may be longer. `label` and
 * `userLabel` are in an ANSI code page.
 *
 * @see the struct `HWiNFO_SENSORS_SENSOR_ELEMENT` of `hwisenssm2.h`
 */
export const HwinfoSensor = struct(
  'HwinfoSensor',
  { id: u32, instance: u32, label: ansi(128), userLabel: ansi(128), utf8UserLabel: utf8Text(128) },
  { packed: true },
)

/**
 * A reading: 460 bytes, and 316 in version 1, which has no UTF-8; its doubles are unaligned. Elements in memory may be longer.
 * `label`, `userLabel` and `unit` are in an ANSI code page.
 *
 * @see the struct `HWiNFO_SENSORS_READING_ELEMENT` of `hwisenssm2.h`
 */
export const HwinfoReading = struct(
  'HwinfoReading',
  {
    type: enumeration(u32, {
      none: 0,
      temperature: 1,
      voltage: 2,
      fan: 3,
      current: 4,
      power: 5,
      clock: 6,
      usage: 7,
      other: 8,
    }),
    /** Index into the sensors. */
    sensorIndex: u32,
    id: u32,
    label: at(12, ansi(128)),
    userLabel: at(140, ansi(128)),
    unit: at(268, ansi(16)),
    value: at(284, f64),
    min: at(292, f64),
    max: at(300, f64),
    average: at(308, f64),
    utf8UserLabel: at(316, utf8Text(128)),
    utf8Unit: at(444, utf8Text(16)),
  },
  { packed: true },
)

const SENSOR = { ...HwinfoSensor, oldestLength: 264 }
const READING = { ...HwinfoReading, oldestLength: 316 }

/** All that HWiNFO published at one moment. */
export interface HwinfoSnapshot {
  readonly version: number
  readonly revision: number
  /** Seconds since 1970 of the update. */
  readonly pollTime: bigint
  /** Milliseconds between updates; `undefined` before revision 1. */
  readonly pollingPeriodMs: number | undefined
  /** `label` is the original English name, `userLabel` the translated or chosen one. */
  readonly sensors: readonly Omit<Infer<typeof HwinfoSensor>, 'utf8UserLabel'>[]
  readonly readings: readonly Omit<Infer<typeof HwinfoReading>, 'utf8UserLabel' | 'utf8Unit'>[]
}

/** How to read HWiNFO's memory. */
export interface HwinfoOptions extends AnsiOptions {
  /** How often to try for a consistent copy. Default 100. */
  readonly maxAttempts?: number
}

/**
 * Reads all sensors and readings. Copies the memory first and decodes the copy; `pollTime` tells whether HWiNFO wrote meanwhile.
 * Allocates a copy of the whole memory. Does not block.
 *
 * User labels and units come from HWiNFO's UTF-8 text where there is some (since 7.33), all other text from its ANSI text.
 *
 * @param options `codePage` says how to read ANSI text: `windows-1252` by default
 * @returns `undefined` if HWiNFO has marked its memory as dead, or no attempt got a consistent copy
 * @throws LayoutError `TOO_SHORT` without room for the header; `CORRUPT` for another signature, or tables that do not lie inside the
 *   memory; RangeError for an unknown code page
 */
export function readHwinfo(buffer: ArrayBuffer, options: HwinfoOptions = {}): HwinfoSnapshot | undefined {
  const decode = ansiDecoder(options)
  checkHeader('HWiNFO', buffer.byteLength, OLDEST_HEADER_LENGTH)
  const { fields } = HwinfoHeader
  const copy = new Uint8Array(buffer.byteLength)
  const pollTime = fields.pollTime.offset / 4
  const version = { kind: 'counter', words: wordsOf(buffer), begin: pollTime, end: pollTime } as const
  if (!copyUnchanged(version, new Uint8Array(buffer), copy, options.maxAttempts ?? 100)) return undefined

  const view = new DataView(copy.buffer)
  const header = readGrown(view, 0, copy.length, HwinfoHeader)
  if (DEAD_SIGNATURES.includes(header.signature)) return undefined
  if (header.signature !== SIGNATURE)
    throw new LayoutError('CORRUPT', 0, `HWiNFO: signature ${JSON.stringify(header.signature)} is not "${SIGNATURE}"`)
  const sensors = { offset: header.sensorsOffset, stride: header.sensorLength, count: header.sensorCount }
  const readings = { offset: header.readingsOffset, stride: header.readingLength, count: header.readingCount }
  return {
    version: header.version,
    revision: header.revision,
    pollTime: header.pollTime,
    pollingPeriodMs: header.revision >= 1 ? header.pollingPeriodMs : undefined,
    sensors: readTable('HWiNFO sensors', view, sensors, SENSOR, fields.sensorsOffset.offset).map(
      ({ utf8UserLabel, ...sensor }) => ({
        ...sensor,
        label: decode(sensor.label),
        userLabel: utf8UserLabel || decode(sensor.userLabel),
      }),
    ),
    readings: readTable('HWiNFO readings', view, readings, READING, fields.readingsOffset.offset).map(
      ({ utf8UserLabel, utf8Unit, ...reading }) => ({
        ...reading,
        label: decode(reading.label),
        userLabel: utf8UserLabel || decode(reading.userLabel),
        unit: utf8Unit || decode(reading.unit),
      }),
    ),
  }
}

const SIGNATURE = 'HWiS'

/** A multi-character constant in HWiNFO's header file, so the four bytes can be in either order. */
const DEAD_SIGNATURES = ['DEAD', 'DAED']
