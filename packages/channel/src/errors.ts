import type { ErrorCodeMeaning } from '@memlane/core/internal'

/** The codes that channels add to those of `@memlane/core`. `docs/troubleshooting.md` has a table made of these. */
export const channelErrorCodes = {
  NOT_A_CHANNEL: {
    meaning: 'The memory is not a channel of the wanted shape, such as a stream: it holds something else.',
    remedy: 'The message says what the memory holds. Open it with the function for that, or choose another name.',
  },
  NOT_A_REGION: {
    meaning: 'The memory is a channel, such as a stream, and not a region.',
    remedy: 'The message says what the memory holds. Open it with the function for that, or choose another name.',
  },
  VERSION_MISMATCH: {
    meaning:
      'The stream, latest, queue or channel of calls was made by another version of memlane, which uses another memory layout.',
    remedy: 'Use the same version of memlane in all processes. End the old ones first.',
  },
  SCHEMA_MISMATCH: {
    meaning:
      'The stream, latest or queue lacks a field that the consumer declares, or has it with another type; or a producer has another schema; or the region has another layout; or the servers of calls have another API than this server, or lack a procedure or a field that the client declares.',
    remedy:
      'The message of a stream, latest, queue or channel of calls names the first difference and shows both schemas. See [Upgrading a fleet](guides/upgrades.md).',
  },
  OPTIONS_MISMATCH: {
    meaning:
      'The stream, latest, queue, region or channel of calls exists, and was created with other sizes or options than this call asks for.',
    remedy:
      'Pass the same values, or leave the option out to accept the existing ones. The message names the option and both values.',
  },
  CORRUPT: {
    meaning: 'The memory holds bytes that cannot be right: a process wrote where it must not.',
    remedy: 'Find the process that writes there. Then close the memory in all processes and create it again.',
  },
  TAKEN_AWAY: {
    meaning:
      'A message of a queue was taken away before its consumer acknowledged it or gave it back: it took longer than `maxProcessingMs`, or the consumer was closed.',
    remedy:
      'Expect that another consumer processes the message. Allow more time with `maxProcessingMs`, or wait longer in `close`.',
  },
  DIED: {
    meaning: 'The server that had taken a call died, or closed before it had answered. The procedure may have run.',
    remedy:
      'Ask the server that lives now what happened, or call again. Declare a procedure as `idempotent` if another server may simply run it again.',
  },
  FULL: {
    meaning:
      'All places for producers, for consumers, for readers of a latest, or for clients or servers of calls, are taken.',
    remedy:
      "Create it with a larger `maxProducers`, `maxConsumers`, `maxReaders`, `maxClients` or `maxServers`, or close one of those that hold a place. Readers of a latest need no place with `access: 'read'`.",
  },
  CONTENDED: {
    meaning: 'A value of a latest was replaced again and again while it was read, for 100 ms.',
    remedy: 'Read it again. If this happens often, several processes write where one should, or the memory is corrupt.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeMeaning>>

export type ChannelErrorCode = keyof typeof channelErrorCodes
