import { enumeration } from '../layout/enumeration.js'
import { at } from '../layout/field-placement.js'
import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { f64, i64, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { latin1 } from '../layout/text.js'
import { wordsOf } from '../memory/atomics.js'
import { copyUnchanged } from '../memory/copy-unchanged.js'
import { checkHeader, readTable } from './table.js'

/** The name of the mapping. */
export const HWINFO_NAME = 'Global\\HWiNFO_SENS_SM2'

/** The name of the mutex that HWiNFO holds while it writes. `readHwinfo` does without. */
export const HWINFO_MUTEX_NAME = 'Global\\HWiNFO_SM2_MUTEX'

const charArray = (length: number) => latin1(length, { terminator: 'optional' })

/**
 * The header of HWiNFO's memory, 44 bytes, packed. Offsets, lengths and counts of the two tables that follow.
 *
 * @see the struct `HWiNFO_SENSORS_SHARED_MEM2` of HWiNFO's shared memory header `hwisenssm2.h`
 */
export const HwinfoHeader = struct(
  'HwinfoHeader',
  {
    signature: charArray(4),
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
  },
  { packed: true },
)

/**
 * A sensor, a group of readings: 264 bytes; elements in memory may be longer.
 *
 * @see the struct `HWiNFO_SENSORS_SENSOR_ELEMENT` of `hwisenssm2.h`
 */
export const HwinfoSensor = struct(
  'HwinfoSensor',
  { id: u32, instance: u32, label: charArray(128), userLabel: charArray(128) },
  { packed: true },
)

/**
 * A reading: 316 bytes, its doubles unaligned; elements in memory may be longer.
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
    label: at(12, charArray(128)),
    userLabel: at(140, charArray(128)),
    unit: at(268, charArray(16)),
    value: at(284, f64),
    min: at(292, f64),
    max: at(300, f64),
    average: at(308, f64),
  },
  { packed: true, length: 316 },
)

/** All that HWiNFO published at one moment. */
export interface HwinfoSnapshot {
  readonly version: number
  readonly revision: number
  /** Seconds since 1970. */
  readonly pollTime: bigint
  readonly sensors: readonly Infer<typeof HwinfoSensor>[]
  readonly readings: readonly Infer<typeof HwinfoReading>[]
}

/**
 * Reads all sensors and readings. Copies the memory first and decodes the copy; `pollTime` tells whether HWiNFO wrote
 * meanwhile. Allocates a copy of the whole memory. Labels are read as Latin-1.
 *
 * @param maxAttempts how often to try for a consistent copy, 100 by default
 * @returns `undefined` when HWiNFO has marked its memory as dead, or no attempt got a consistent copy
 * @throws LayoutError `TOO_SHORT` without room for the header; `CORRUPT` for another signature, or tables that do not lie
 *   inside the memory
 */
export function readHwinfo(buffer: ArrayBuffer, maxAttempts = 100): HwinfoSnapshot | undefined {
  checkHeader('HWiNFO', buffer.byteLength, HwinfoHeader.length)
  const { fields } = HwinfoHeader
  const copy = new Uint8Array(buffer.byteLength)
  const pollTime = fields.pollTime.offset / 4
  const version = { kind: 'counter', words: wordsOf(buffer), begin: pollTime, end: pollTime } as const
  if (!copyUnchanged(version, new Uint8Array(buffer), copy, maxAttempts)) return undefined

  const view = new DataView(copy.buffer)
  const header = HwinfoHeader.read(view, 0)
  if (DEAD_SIGNATURES.includes(header.signature)) return undefined
  if (header.signature !== SIGNATURE)
    throw new LayoutError('CORRUPT', 0, `HWiNFO: signature ${JSON.stringify(header.signature)} is not "${SIGNATURE}"`)
  const sensors = { offset: header.sensorsOffset, stride: header.sensorLength, count: header.sensorCount }
  const readings = { offset: header.readingsOffset, stride: header.readingLength, count: header.readingCount }
  return {
    version: header.version,
    revision: header.revision,
    pollTime: header.pollTime,
    sensors: readTable('HWiNFO sensors', view, sensors, HwinfoSensor, fields.sensorsOffset.offset),
    readings: readTable('HWiNFO readings', view, readings, HwinfoReading, fields.readingsOffset.offset),
  }
}

const SIGNATURE = 'HWiS'

/** A character constant in HWiNFO's header file, so either order of bytes is possible. */
const DEAD_SIGNATURES = ['DEAD', 'DAED']
