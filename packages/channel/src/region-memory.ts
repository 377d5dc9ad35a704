import { type OpenOptions, SharedMemory, SharedMemoryError } from '@memlane/core'
import { describeValue } from '@memlane/core/internal'
import type { AnyLayout } from '@memlane/protocol'
import {
  CHANNEL_HEADER_LENGTH,
  channelShapeIn,
  LAYOUT_MARK_LENGTH,
  layoutMarkOffset,
  layoutMarkProblem,
} from '@memlane/protocol/internal'

/** The memory under a region: a `SharedMemory`, or an object around any ArrayBuffer that has these members. */
export type RegionMemory = Pick<SharedMemory, 'name' | 'buffer' | 'close'>

/** The lease that a region's only writer holds. Writers with `existing: 'join'` hold one of the others. */
export const ONLY_WRITER_SLOT = 0
export const JOINED_WRITER_SLOTS: readonly number[] = Array.from({ length: 31 }, (_, index) => index + 1)

/** How to open memory that is no region, by its shape. */
const REMEDIES: Readonly<Record<string, string>> = {
  stream: ' Open it with openStream or joinStream.',
  latest: ' Open it with openLatest or createLatest.',
  queue: ' Open it with openQueue or joinQueue.',
}

/**
 * Bytes that a region maps: its layout, and also the layout mark behind it if `checkLayout` is set.
 *
 * @throws TypeError for anything but a layout
 */
export function regionLength(layout: AnyLayout, checkLayout: boolean): number {
  if (typeof layout !== 'object' || layout === null || !('put' in layout)) {
    throw new TypeError(
      `layout must be a struct or another layout, not ${describeValue(layout)}. JSON, text and other messages that vary in length need a stream`,
    )
  }
  return checkLayout ? layoutMarkOffset(layout) + LAYOUT_MARK_LENGTH : layout.length
}

export function regionError(code: SharedMemoryError['code'], name: string, message: string): SharedMemoryError {
  return new SharedMemoryError(code, `Region "${name}": ${message}`)
}

/**
 * Checks that opened memory can be a region of that layout; closes it if it cannot.
 *
 * @throws SharedMemoryError `NOT_A_REGION` if the memory says that it is a channel; `SCHEMA_MISMATCH` with `checkLayout`
 */
export function checkRegion(
  memory: SharedMemory,
  layout: AnyLayout,
  checkLayout: boolean,
  options: Pick<OpenOptions, 'trustOwner'>,
): void {
  try {
    const shape = shapeIn(memory, options)
    if (shape !== undefined) {
      const remedy = REMEDIES[shape] ?? ''
      throw regionError('NOT_A_REGION', memory.name, `the memory of that name is a ${shape}.${remedy}`)
    }
    const problem = checkLayout ? layoutMarkProblem(bufferOf(memory), layout) : undefined
    if (problem !== undefined) throw regionError('SCHEMA_MISMATCH', memory.name, `${problem}.`)
  } catch (error) {
    memory.close()
    throw error
  }
}

/** Reads the header of a channel, if there is one. The header is longer than many regions: then it needs a second view. */
function shapeIn(memory: SharedMemory, { trustOwner = false }: Pick<OpenOptions, 'trustOwner'>): string | undefined {
  const { viewLength, name, objectLength } = memory
  if (viewLength >= CHANNEL_HEADER_LENGTH) return channelShapeIn(bufferOf(memory), objectLength)
  if (objectLength < CHANNEL_HEADER_LENGTH) return undefined
  using whole = SharedMemory.open(name, { access: 'read', view: { length: CHANNEL_HEADER_LENGTH }, trustOwner })
  return channelShapeIn(bufferOf(whole), objectLength)
}

/** The buffer of a memory, or a copy of it where no buffer can show it. */
function bufferOf(memory: SharedMemory): ArrayBuffer {
  if (memory.mapped) return memory.buffer
  const copy = new Uint8Array(memory.viewLength)
  memory.read(0, copy)
  return copy.buffer
}

/** What `console.log` shows of a region: its name, its layout, and its value unless it is closed. */
export function regionFacts<T>(name: string, closed: boolean, layout: AnyLayout, read: () => T): object {
  const layoutName = 'name' in layout ? layout.name : layout.descriptor.kind
  if (closed) return { name, layout: layoutName, closed: true }
  return { name, layout: layoutName, closed: false, value: read() }
}
