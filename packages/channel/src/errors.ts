import type { ErrorCodeMeaning } from '@memlane/core/internal'

/** The codes that channels add to those of `@memlane/core`. `docs/troubleshooting.md` has a table made of these. */
export const channelErrorCodes = {
  NOT_A_CHANNEL: {
    meaning: 'The memory holds something that is not a channel of this kind.',
    remedy: 'Open it as what it is; the message says what the memory says of itself. Or choose another name.',
  },
  NOT_A_REGION: {
    meaning: 'The memory is a channel, such as a stream, and not a region.',
    remedy: 'Open it as what it is, which the message says. Or choose another name.',
  },
  VERSION_MISMATCH: {
    meaning: 'The channel was made by a version of memlane with another layout.',
    remedy: 'Use the same version of memlane in all processes. End the old ones first.',
  },
  SCHEMA_MISMATCH: {
    meaning: 'The channel carries messages of another schema, or the region has another layout.',
    remedy:
      'Use one schema on both sides. For channels, the message names the first difference and shows both schemas.',
  },
  OPTIONS_MISMATCH: {
    meaning: 'The channel that is there was made with other dimensions than those asked for.',
    remedy:
      'Ask for the same ones, or leave the option out to take what is there. The message names the option and both values.',
  },
  CORRUPT: {
    meaning: 'The memory holds bytes that cannot be right: a process wrote where it must not.',
    remedy: 'Find the process that writes there. Then close the channel everywhere and create it anew.',
  },
  FULL: {
    meaning: 'All slots for producers, or for consumers, are taken.',
    remedy: 'Create the channel with a larger `maxProducers` or `maxConsumers`, or close one.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeMeaning>>

export type ChannelErrorCode = keyof typeof channelErrorCodes
