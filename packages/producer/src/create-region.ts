import {
  checkRegion,
  claimLease,
  JOINED_WRITER_SLOTS,
  ONLY_WRITER_SLOT,
  type RegionMemory,
  regionError,
  regionLength,
} from '@memlane/channel'
import {
  type CreateOptions,
  capabilities,
  Lease,
  type OpenOptions,
  SharedMemory,
  SharedMemoryError,
} from '@memlane/core'
import {
  checkBoolean,
  checkOneOf,
  checkOptions,
  checkWholeNumber,
  createChecks,
  type OptionChecks,
  openChecks,
} from '@memlane/core/internal'
import { type AnyLayout, checkValue } from '@memlane/protocol'
import { writeLayoutMark } from '@memlane/protocol/internal'
import { type RegionValue, RegionWriter } from './region-writer.js'

/** Options of `createRegion`. */
export interface CreateRegionOptions<L extends AnyLayout>
  extends Omit<CreateOptions & OpenOptions, 'access' | 'view' | 'initialize'> {
  /**
   * The first value. In new memory, it is written before other processes can find the memory (on Windows, they may find it a
   * moment earlier). In existing memory, it is written at once. If it is left out, new memory holds zeros, and existing memory
   * keeps its value.
   */
  value?: RegionValue<L>
  /**
   * Bytes of the memory. Default and minimum: the layout's length. With `checkLayout`: that length, rounded up to a multiple of 8,
   * plus 16.
   */
  length?: number
  /**
   * What to do if the memory exists already. `take-over` (default): continue in it; if its writer lives, throw `ALREADY_EXISTS`.
   * `join`: write beside other writers; the caller must coordinate them. `refuse`: throw `ALREADY_EXISTS`.
   */
  existing?: 'take-over' | 'join' | 'refuse'
  /**
   * Keeps a hash of the layout behind the value, in 16 bytes, for readers that use `checkLayout`. Existing memory must have the
   * same hash. Default false.
   */
  checkLayout?: boolean
}

const checks: OptionChecks<CreateRegionOptions<AnyLayout>> = {
  ...(({ access, view, initialize, ...rest }) => rest)(createChecks),
  trustOwner: openChecks.trustOwner,
  value: () => {},
  length: checkWholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes'),
  existing: checkOneOf('take-over', 'join', 'refuse'),
  checkLayout: checkBoolean,
}

/**
 * Creates named memory and writes to it in the shape of `layout`, or continues in memory that an earlier writer left. The memory
 * lives until the last handle in any process is closed. Blocks as `SharedMemory.create` does, and for some milliseconds before
 * `ALREADY_EXISTS`.
 *
 * The writer holds a lease beside the memory. The kernel releases the lease when the writer's process ends. So a second writer is
 * refused while the first one lives, and a restarted writer continues. Programs without memlane take no lease.
 *
 * @throws SharedMemoryError `ALREADY_EXISTS`, naming the process of the living writer; `NOT_A_REGION`; `TOO_SHORT` if
 *   existing memory is shorter than the layout; `OPTIONS_MISMATCH` if it is shorter than `length`; `SCHEMA_MISMATCH` with
 *   `checkLayout`; and as `SharedMemory.create` and `SharedMemory.open`
 * @throws TypeError or RangeError for a value that does not fit, a length below the layout's, or a wrong option; then nothing is
 *   created
 */
export function createRegion<L extends AnyLayout>(
  name: string,
  layout: L,
  options: CreateRegionOptions<L> = {},
): RegionWriter<L> {
  checkOptions('createRegion', options, checks)
  const { value, length: wanted, existing = 'take-over', checkLayout = false, trustOwner = false, ...rest } = options
  const mapped = regionLength(layout, checkLayout)
  const length = wanted ?? mapped
  if (length < mapped) throw new RangeError(`length ${length} is less than the ${mapped} bytes that the region needs`)
  if (value !== undefined) checkValue(layout, value) // before anything is created
  const write = (memory: RegionMemory) => {
    if (value !== undefined) new RegionWriter<L, RegionMemory>(memory, layout).write(value)
  }

  const view = { length: mapped }
  const persistent = rest.persistent ?? (isForeign(layout) && capabilities.persistent)
  const initialize = (buffer: ArrayBuffer) => {
    write({ name, buffer, close() {} })
    if (checkLayout) writeLayoutMark(buffer, layout)
  }
  for (;;) {
    let memory: SharedMemory
    try {
      memory = SharedMemory.create(name, length, { ...rest, persistent, view, initialize })
    } catch (error) {
      if (!isCode(error, 'ALREADY_EXISTS')) throw error
      if (existing === 'refuse') {
        const message =
          'the name is taken, and existing is "refuse". Leave that out to continue in memory whose writer died.'
        throw regionError('ALREADY_EXISTS', name, message)
      }
      const opened = openExisting(name, wanted, { view, trustOwner })
      if (opened === undefined) continue
      checkRegion(opened, layout, checkLayout, { trustOwner })
      memory = opened
    }
    try {
      claimWriter(memory, existing)
      if (!memory.created) write(memory)
      return new RegionWriter(memory, layout)
    } catch (error) {
      memory.close()
      throw error
    }
  }
}

/** @returns undefined if the memory no longer exists */
function openExisting(name: string, wanted: number | undefined, options: OpenOptions): SharedMemory | undefined {
  try {
    const memory = SharedMemory.open(name, options)
    if (wanted === undefined || memory.objectLength >= wanted) return memory
    memory.close()
    const message =
      `the existing memory has ${memory.objectLength} bytes, and length asks for ${wanted}. Ask for less, or close the memory ` +
      'in all processes and create it again.'
    throw regionError('OPTIONS_MISMATCH', name, message)
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Claims the lease of a writer. It ends when the memory is closed. */
function claimWriter(memory: SharedMemory, existing: CreateRegionOptions<AnyLayout>['existing']): void {
  if (existing === 'join') {
    if (claimLease(memory, JOINED_WRITER_SLOTS) !== undefined) return
    throw regionError(
      'FULL',
      memory.name,
      `${JOINED_WRITER_SLOTS.length} writers have joined it. Close one of them first.`,
    )
  }
  const lease = claimLease(memory, [ONLY_WRITER_SLOT])
  const joined = JOINED_WRITER_SLOTS.find((slot) => Lease.isHeld(memory, slot))
  if (lease !== undefined && joined === undefined) return
  throw hasWriter(memory, lease === undefined ? ONLY_WRITER_SLOT : (joined as number))
}

function hasWriter(memory: SharedMemory, slot: number): SharedMemoryError {
  const pid = Lease.holder(memory, slot)
  const who = pid === undefined ? 'a living process writes it' : `process ${pid} writes it`
  const remedy = `Wait for it to end, or pass existing: 'join' to write beside it.`
  return regionError('ALREADY_EXISTS', memory.name, `${who}. ${remedy}`)
}

function isForeign(layout: AnyLayout): boolean {
  return 'foreign' in layout && layout.foreign === true
}

function isCode(error: unknown, code: SharedMemoryError['code']): boolean {
  return error instanceof SharedMemoryError && error.code === code
}
