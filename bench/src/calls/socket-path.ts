import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallTrial } from './call-trial.js'

/** The path of the unix socket of a trial. */
export function socketPath({ name }: CallTrial): string {
  return join(tmpdir(), `${name}.sock`)
}
