import type { Command } from './command.js'
import { bench } from './commands/bench.js'
import { bridge } from './commands/bridge.js'
import { call } from './commands/call.js'
import { clean } from './commands/clean.js'
import { create } from './commands/create.js'
import { doctor } from './commands/doctor.js'
import { hz } from './commands/hz.js'
import { info } from './commands/info.js'
import { ls } from './commands/ls.js'
import { metrics } from './commands/metrics.js'
import { queue } from './commands/queue.js'
import { record } from './commands/record.js'
import { recording } from './commands/recording.js'
import { recover } from './commands/recover.js'
import { replay } from './commands/replay.js'
import { rm } from './commands/rm.js'
import { send } from './commands/send.js'
import { tail } from './commands/tail.js'
import { top } from './commands/top.js'
import { ui } from './commands/ui.js'

/** All commands, in the order of the help. */
// biome-ignore lint/suspicious/noExplicitAny: each has options of its own
export const commands: readonly Command<any>[] = [
  ...[ls, info, top, tail, hz, doctor, ui],
  ...[send, call, queue, create, rm, clean],
  ...[record, replay, recover, recording],
  metrics,
  bridge,
  bench,
]
