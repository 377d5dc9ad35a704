import { checkRegion, regionLength } from '@memlane/channel'
import { type OpenOptions, SharedMemory, type WaitOptions } from '@memlane/core'
import { checkBoolean, checkOptions, type OptionChecks, openChecks, waitChecks } from '@memlane/core/internal'
import type { AnyLayout } from '@memlane/protocol'
import { RegionReader } from './region-reader.js'

/** `access` is `read` by default. The view is as long as the region. */
export interface OpenRegionOptions extends Omit<OpenOptions, 'view'> {
  /** Refuses memory whose creator has another layout. The creator must use `checkLayout`, too. Default false. */
  checkLayout?: boolean
}

const { view: _, ...openRegionChecks } = openChecks
const syncChecks: OptionChecks<OpenRegionOptions> = { ...openRegionChecks, checkLayout: checkBoolean }
const checks: OptionChecks<OpenRegionOptions & WaitOptions> = { ...syncChecks, ...waitChecks }

/**
 * Opens named memory and reads it in the shape of `layout`. Waits for the memory to appear. A waiting process uses no CPU on
 * Linux. Elsewhere, it checks ten times a second.
 *
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`; `TOO_SHORT` if the memory is shorter
 *   than the layout; `NOT_A_REGION` if it is a channel; `SCHEMA_MISMATCH` with `checkLayout`; and as `SharedMemory.open`
 */
export async function openRegion<L extends AnyLayout>(
  name: string,
  layout: L,
  options: OpenRegionOptions & WaitOptions = {},
): Promise<RegionReader<L>> {
  checkOptions('openRegion', options, checks)
  const { checkLayout = false, ...rest } = options
  const memory = await SharedMemory.waitFor(name, mapOptions(layout, checkLayout, rest))
  return readerOver(memory, layout, checkLayout, options)
}

/**
 * Opens named memory and reads it in the shape of `layout`. Does not wait.
 *
 * @throws SharedMemoryError `NOT_FOUND`, and as `openRegion`
 */
export function openRegionSync<L extends AnyLayout>(
  name: string,
  layout: L,
  options: OpenRegionOptions = {},
): RegionReader<L> {
  checkOptions('openRegionSync', options, syncChecks)
  const { checkLayout = false, ...rest } = options
  const memory = SharedMemory.open(name, mapOptions(layout, checkLayout, rest))
  return readerOver(memory, layout, checkLayout, options)
}

function mapOptions<Options extends Omit<OpenOptions, 'view'>>(
  layout: AnyLayout,
  checkLayout: boolean,
  options: Options,
) {
  return { access: 'read' as const, ...options, view: { length: regionLength(layout, checkLayout) } }
}

function readerOver<L extends AnyLayout>(
  memory: SharedMemory,
  layout: L,
  checkLayout: boolean,
  { trustOwner }: OpenRegionOptions,
): RegionReader<L> {
  checkRegion(memory, layout, checkLayout, trustOwner === undefined ? {} : { trustOwner })
  return new RegionReader(memory, layout)
}
