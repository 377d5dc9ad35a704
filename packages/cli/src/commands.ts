import type { Command } from './command.js'
import { bench } from './commands/bench.js'
import { call } from './commands/call.js'
import { clean } from './commands/clean.js'
import { create } from './commands/create.js'
import { record } from './commands/record.js'
import { recording } from './commands/recording.js'
import { recover } from './commands/recover.js'
import { replay } from './commands/replay.js'
import { rm } from './commands/rm.js'
import { send } from './commands/send.js'

/** All commands, in the order of the help. */
// biome-ignore lint/suspicious/noExplicitAny: each has options of its own
export const commands: readonly Command<any>[] = [
  send,
  call,
  create,
  rm,
  clean,
  record,
  replay,
  recover,
  recording,
  bench,
]
