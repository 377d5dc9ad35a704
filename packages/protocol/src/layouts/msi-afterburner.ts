import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { f32, i32, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { latin1 } from '../layout/text.js'
import { wordsOf } from '../memory/atomics.js'
import { copyUnchanged } from '../memory/copy-unchanged.js'
import { checkHeader, readTable } from './table.js'

/** The name of the mapping. */
export const MSI_AFTERBURNER_NAME = 'MAHMSharedMemory'

/** The name of the mutex that MSI Afterburner holds while it writes. `readMsiAfterburner` does without. */
export const MSI_AFTERBURNER_MUTEX_NAME = 'Global\\Access_MAHMSharedMemory'

/** Windows' MAX_PATH: every text of an entry has that many chars. */
const path = latin1(260, { terminator: 'optional' })

/**
 * The header of MSI Afterburner's hardware monitoring memory: 24 bytes of at least `headerLength`.
 *
 * @see the struct `MAHM_SHARED_MEMORY_HEADER` of MSI Afterburner's SDK, `MAHMSharedMemory.h`
 */
export const MsiAfterburnerHeader = struct('MsiAfterburnerHeader', {
  signature: u32,
  /** Major version in the upper 16 bits, minor in the lower. */
  version: u32,
  headerLength: u32,
  entryCount: u32,
  entryLength: u32,
  /** Seconds since 1970 of the last update. */
  time: i32,
})

/**
 * One graph of MSI Afterburner: 1324 bytes; entries in memory may be longer.
 *
 * @see the struct `MAHM_SHARED_MEMORY_ENTRY` of MSI Afterburner's SDK, `MAHMSharedMemory.h`
 */
export const MsiAfterburnerEntry = struct('MsiAfterburnerEntry', {
  name: path,
  units: path,
  localName: path,
  localUnits: path,
  /** How to print the number, as C's `printf` has it. */
  format: path,
  /** FLT_MAX when not available. */
  data: f32,
  min: f32,
  max: f32,
  /** Bit 0: on the screen display, bit 1: on the keyboard's display, bit 2: in the tray. */
  flags: u32,
  gpu: u32,
  source: u32,
})

/** An entry as `readMsiAfterburner` returns it: `undefined` for what is not available. */
export type MsiAfterburnerReading = Omit<Infer<typeof MsiAfterburnerEntry>, 'data' | 'min' | 'max'> & {
  readonly data: number | undefined
  readonly min: number | undefined
  readonly max: number | undefined
}

/** All that MSI Afterburner published at one moment. */
export interface MsiAfterburnerSnapshot {
  readonly version: number
  /** Seconds since 1970. */
  readonly time: number
  readonly entries: readonly MsiAfterburnerReading[]
}

/**
 * Reads all entries. Copies the memory first and decodes the copy; `time` tells whether MSI Afterburner wrote meanwhile.
 * Allocates a copy of the whole memory. Names are read as Latin-1.
 *
 * @param maxAttempts how often to try for a consistent copy, 100 by default
 * @returns `undefined` when MSI Afterburner has marked its memory as dead, or no attempt got a consistent copy
 * @throws LayoutError `TOO_SHORT` without room for the header; `CORRUPT` for another signature, or entries that do not lie
 *   inside the memory
 */
export function readMsiAfterburner(buffer: ArrayBuffer, maxAttempts = 100): MsiAfterburnerSnapshot | undefined {
  checkHeader('MSI Afterburner', buffer.byteLength, MsiAfterburnerHeader.length)
  const { fields } = MsiAfterburnerHeader
  const copy = new Uint8Array(buffer.byteLength)
  const time = fields.time.offset / 4
  const version = { kind: 'counter', words: wordsOf(buffer), begin: time, end: time } as const
  if (!copyUnchanged(version, new Uint8Array(buffer), copy, maxAttempts)) return undefined

  const view = new DataView(copy.buffer)
  const header = MsiAfterburnerHeader.read(view, 0)
  if (header.signature === DEAD_SIGNATURE) return undefined
  if (header.signature !== SIGNATURE)
    throw new LayoutError(
      'CORRUPT',
      0,
      `MSI Afterburner: signature 0x${header.signature.toString(16)} is not 0x${SIGNATURE.toString(16)}`,
    )
  const entries = { offset: header.headerLength, stride: header.entryLength, count: header.entryCount }
  return {
    version: header.version,
    time: header.time,
    entries: readTable('MSI Afterburner', view, entries, MsiAfterburnerEntry, fields.headerLength.offset).map(
      (entry) => ({
        ...entry,
        data: available(entry.data),
        min: available(entry.min),
        max: available(entry.max),
      }),
    ),
  }
}

/** The character constant 'MAHM' of Microsoft's compiler: the bytes M, H, A, M in memory. */
const SIGNATURE = 0x4d41484d
const DEAD_SIGNATURE = 0xdead

const FLT_MAX = 3.4028234663852886e38
const available = (value: number) => (value === FLT_MAX ? undefined : value)
