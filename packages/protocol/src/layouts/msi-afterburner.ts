import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { f32, i32, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { latin1 } from '../layout/text.js'
import { wordsOf } from '../memory/atomics.js'
import { copyUnchanged } from '../memory/copy-unchanged.js'
import { type AnsiOptions, ansiDecoder } from './ansi.js'
import { checkHeader, readGrown, readTable } from './table.js'

/** The name of the mapping. */
export const MSI_AFTERBURNER_NAME = 'MAHMSharedMemory'

/** The name of the mutex that MSI Afterburner holds while it writes. `readMsiAfterburner` does not need it. */
export const MSI_AFTERBURNER_MUTEX_NAME = 'Global\\Access_MAHMSharedMemory'

/** Every text has Windows' MAX_PATH chars. ANSI, one character for each byte: `readMsiAfterburner` decodes it. */
const ansi = latin1(260, { terminator: 'optional' })

/**
 * The header of MSI Afterburner's hardware monitoring memory: the first 32 bytes. A header in memory has `headerLength` bytes,
 * which can be more. Before version 2.0, it has 24 bytes, and there is no GPU table.
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
  gpuCount: u32,
  /** Bytes of an element of the GPU table, which follows the entries. */
  gpuLength: u32,
})
const OLDEST_HEADER_LENGTH = 24
const VERSION_WITH_GPUS = 0x2_0000

/**
 * One graph of MSI Afterburner: 1324 bytes; entries in memory may be longer.
 *
 * @see the struct `MAHM_SHARED_MEMORY_ENTRY` of MSI Afterburner's SDK, `MAHMSharedMemory.h`
 */
export const MsiAfterburnerEntry = struct('MsiAfterburnerEntry', {
  name: ansi,
  units: ansi,
  localName: ansi,
  localUnits: ansi,
  /** How to print the number, in the notation of C's `printf`. */
  format: ansi,
  /** FLT_MAX if not available. */
  data: f32,
  min: f32,
  max: f32,
  /** Where it is shown. Bit 0: on-screen display; bit 1: the keyboard's display; bit 2: the system tray. */
  flags: u32,
  /** Index into the GPU table. */
  gpu: u32,
  source: u32,
})

/**
 * One graphics card: 1304 bytes; elements in memory may be longer.
 *
 * @see the struct `MAHM_SHARED_MEMORY_GPU_ENTRY` of MSI Afterburner's SDK, `MAHMSharedMemory.h`
 */
export const MsiAfterburnerGpu = struct('MsiAfterburnerGpu', {
  /** PCI ids and place: `VEN_…&DEV_…&SUBSYS_…&REV_…&BUS_…&DEV_…&FN_…`. */
  id: ansi,
  family: ansi,
  device: ansi,
  driver: ansi,
  bios: ansi,
  /** KiB of memory on the card. */
  memoryKiB: u32,
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
  /** Seconds since 1970 of the update. */
  readonly time: number
  readonly entries: readonly MsiAfterburnerReading[]
  /** Empty before version 2.0. */
  readonly gpus: readonly Infer<typeof MsiAfterburnerGpu>[]
}

/** How to read MSI Afterburner's memory. */
export interface MsiAfterburnerOptions extends AnsiOptions {
  /** How often to try for a consistent copy. Default 100. */
  readonly maxAttempts?: number
}

/**
 * Reads all entries and graphics cards. Copies the memory first and decodes the copy; `time` tells whether MSI Afterburner wrote
 * meanwhile. Allocates a copy of the whole memory. Does not block.
 *
 * @param options `codePage` says how to read its text, which is ANSI: `windows-1252` by default
 * @returns `undefined` if MSI Afterburner has marked its memory as dead, or no attempt got a consistent copy
 * @throws LayoutError `TOO_SHORT` without room for the header; `CORRUPT` for another signature, or tables that do not lie inside the
 *   memory; RangeError for an unknown code page
 */
export function readMsiAfterburner(
  buffer: ArrayBuffer,
  options: MsiAfterburnerOptions = {},
): MsiAfterburnerSnapshot | undefined {
  const decode = ansiDecoder(options)
  checkHeader('MSI Afterburner', buffer.byteLength, OLDEST_HEADER_LENGTH)
  const { fields } = MsiAfterburnerHeader
  const copy = new Uint8Array(buffer.byteLength)
  const time = fields.time.offset / 4
  const version = { kind: 'counter', words: wordsOf(buffer), begin: time, end: time } as const
  if (!copyUnchanged(version, new Uint8Array(buffer), copy, options.maxAttempts ?? 100)) return undefined

  const view = new DataView(copy.buffer)
  const header = readGrown(view, 0, copy.length, MsiAfterburnerHeader)
  if (header.signature === DEAD_SIGNATURE) return undefined
  if (header.signature !== SIGNATURE)
    throw new LayoutError(
      'CORRUPT',
      0,
      `MSI Afterburner: signature 0x${header.signature.toString(16)} is not 0x${SIGNATURE.toString(16)}`,
    )
  const entries = { offset: header.headerLength, stride: header.entryLength, count: header.entryCount }
  const hasGpus = header.version >= VERSION_WITH_GPUS && header.headerLength >= MsiAfterburnerHeader.length
  const gpus = {
    offset: header.headerLength + header.entryCount * header.entryLength,
    stride: header.gpuLength,
    count: hasGpus ? header.gpuCount : 0,
  }
  return {
    version: header.version,
    time: header.time,
    entries: readTable('MSI Afterburner', view, entries, MsiAfterburnerEntry, fields.headerLength.offset).map(
      (entry) => ({
        ...entry,
        name: decode(entry.name),
        units: decode(entry.units),
        localName: decode(entry.localName),
        localUnits: decode(entry.localUnits),
        format: decode(entry.format),
        data: available(entry.data),
        min: available(entry.min),
        max: available(entry.max),
      }),
    ),
    gpus: readTable('MSI Afterburner GPUs', view, gpus, MsiAfterburnerGpu, fields.gpuCount.offset).map((gpu) => ({
      ...gpu,
      id: decode(gpu.id),
      family: decode(gpu.family),
      device: decode(gpu.device),
      driver: decode(gpu.driver),
      bios: decode(gpu.bios),
    })),
  }
}

/** The character constant 'MAHM' of Microsoft's compiler: the bytes M, H, A, M in memory. */
const SIGNATURE = 0x4d41484d
const DEAD_SIGNATURE = 0xdead

const FLT_MAX = 3.4028234663852886e38
const available = (value: number) => (value === FLT_MAX ? undefined : value)
