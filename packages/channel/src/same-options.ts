import type { SharedMemoryError } from '@memlane/core'
import type { OptionChecks } from '@memlane/core/internal'

/** An existing channel whose header has an option's value under the option's name. */
interface Existing<Options> {
  readonly header: { readonly [Option in keyof Options]-?: unknown }
  error(code: 'OPTIONS_MISMATCH', message: string): SharedMemoryError
}

/**
 * Compares an existing channel with the options that the caller gave.
 *
 * @param remedy how to get a channel with these options: "close … again"
 * @throws SharedMemoryError `OPTIONS_MISMATCH` for the first option that differs
 */
export function checkSameOptions<Options extends object>(
  channel: Existing<Options>,
  options: Options,
  checks: OptionChecks<Options>,
  remedy: string,
): void {
  for (const option of Object.keys(checks) as (keyof Options & string)[]) {
    const [there, wanted] = [channel.header[option], options[option]]
    if (wanted === undefined || wanted === there) continue
    const difference = `its ${option} is ${JSON.stringify(there)}, not ${JSON.stringify(wanted)}`
    throw channel.error(
      'OPTIONS_MISMATCH',
      `${difference}. Leave ${option} out to take the memory as it is, or ${remedy}.`,
    )
  }
}
