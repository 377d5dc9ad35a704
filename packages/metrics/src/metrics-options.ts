import { checkBoolean, describeValue, type OptionCheck, type OptionChecks, openChecks } from '@memlane/core/internal'
import type { InspectOptions } from '@memlane/inspect'

/** Which memory to read, and how. */
export interface MetricsOptions extends InspectOptions {
  /**
   * Names of memory, such as `quotes`, or patterns, such as `orders-*`, in which `*` stands for any characters and `?` for one.
   * Each name makes series of its own, so give patterns if programs make up names. Default: all channels, and all regions that
   * have a writer.
   */
  names?: readonly string[]
}

const checkNames: OptionCheck = (option, value) => {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return
  throw new TypeError(`${option} must be an array of strings, not ${describeValue(value)}`)
}

export const metricsChecks: OptionChecks<MetricsOptions> = {
  names: checkNames,
  processes: checkBoolean,
  trustOwner: openChecks.trustOwner,
}
