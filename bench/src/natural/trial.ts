/**
 * What a program of this folder gets from bench, and gives back. Apart from these few functions, the programs are written as README
 * and the guides write theirs. Two programs are a pair: see ../peers/natural.ts.
 */

import { BEGIN } from '../roles/content.js'
import { produce } from '../roles/produce.js'
import type { RoleReport, Trial } from '../trial.js'

const [, , json = '', pair = ''] = process.argv

export const trial = JSON.parse(json) as Trial

/** The wait strategy that the variant names: its last word. */
export const waitStrategy = (['park', 'spin'] as const).find((each) => trial.variant.endsWith(each)) ?? 'adaptive'

/** Returns a name for a stream of this pair. */
export function nameOf(stream: string): string {
  return `memlane-bench-${pair}-${stream}`
}

/** Prints the figures of this program for the process that started it. */
export function report(figures: RoleReport): void {
  console.log(JSON.stringify(figures))
}

/**
 * Lets the program send messages until the time of the trial is over.
 *
 * @param send sends `count` messages, numbered from `first` on
 * @param mark sends the message BEGIN or END, which have numbers of their own (../roles/content.ts)
 */
export function sendAll(
  send: (first: number, count: number) => Promise<void> | undefined | void,
  mark: (id: number) => unknown,
): Promise<RoleReport> {
  return produce(trial, (first, count) => {
    if (first < BEGIN) return send(first, count) ?? undefined
    mark(first)
    return undefined
  })
}
