import { SharedMemoryError } from '@memlane/core'
import type { ErrorCodeMeaning } from '@memlane/core/internal'

/** The codes that recordings add to those of `@memlane/core` and `@memlane/channel`. */
export const recordErrorCodes = {
  FILE_EXISTS: {
    meaning: 'The recording, or the unfinished `.partial` file of an earlier one, exists already.',
    remedy: 'Choose another file name, or delete the file. `recover` repairs a `.partial` file.',
  },
  DAMAGED_FILE: {
    meaning: 'The file is not an MCAP file, was cut off, or has wrong bytes.',
    remedy: '`recover` saves the messages up to the damage.',
  },
  NOT_RECORDED: {
    meaning: 'The recording has no memory of the names that were asked for, or memlane did not record it.',
    remedy: '`info` lists what the recording holds.',
  },
  UNFIT_MESSAGE: {
    meaning: 'A recorded message does not fit its schema, so it cannot be sent or converted.',
    remedy: "The error names the message and the part. Record with `encode: 'raw'` to keep every byte.",
  },
} as const satisfies Readonly<Record<string, ErrorCodeMeaning>>

/** Makes an error whose message names the file. */
export function recordError(
  code: keyof typeof recordErrorCodes,
  file: string,
  message: string,
  cause?: unknown,
): SharedMemoryError {
  return new SharedMemoryError(code, `${file}: ${message}`, cause === undefined ? {} : { cause })
}
