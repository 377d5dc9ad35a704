/** What the rounds of all shapes have in common. */

import { leftovers } from '@memlane/testing/leftovers'
import { Command, STAGE, Stage } from './progress.js'
import { type Deaths, type Fail, Hung, until, type Victim } from './victim.js'

export const PHASES = 5
export const KILLS_PER_PHASE = 4

/**
 * Plays a round, and counts it if a participant hangs.
 *
 * @returns false if a participant hung and the round was stopped early
 * @throws Error with the output of a participant that ended by itself
 */
export async function play(round: { run(fail: Fail): Promise<void> }, totals: { hung: number }): Promise<boolean> {
  try {
    await new Promise<void>((resolve, reject) => {
      round.run(reject).then(resolve, reject)
    })
    return true
  } catch (error) {
    if (!(error instanceof Hung)) throw error
    console.error(error.message)
    totals.hung++
    return false
  }
}

/**
 * Kills the participants of a place for one phase. Returns when the last one has joined.
 *
 * @param most no participant is killed when `deaths` has this many kills
 */
export async function killAgainAndAgain(victim: Victim, deaths: Deaths, most: number): Promise<void> {
  for (let kill = 0; kill < KILLS_PER_PHASE && deaths.kills < most; kill++) await victim.replace(deaths)
  await victim.reached(Stage.joined)
}

/**
 * Pauses the senders of a round, and lets them continue when `act` is done.
 *
 * @param shared holds the command that the participants read
 */
export async function pause(
  shared: { command: number },
  senders: readonly Victim[],
  act: () => Promise<void>,
): Promise<void> {
  shared.command = Command.pause
  for (const sender of senders) await sender.reached(Stage.paused)
  await act()
  shared.command = Command.run
  for (const { name, counters } of senders) {
    await until(
      () => Atomics.load(counters, STAGE) === Stage.joined,
      () => `${name} does not continue`,
    )
  }
}

/** Ends the last participants of a round: lets them finish, or kills all at once. */
export async function endAll(
  shared: { command: number },
  victims: readonly Victim[],
  ending: 'finish' | 'kill-all',
  deaths: Deaths,
): Promise<void> {
  for (const victim of victims) victim.mayEnd()
  if (ending === 'finish') {
    shared.command = Command.finish
    for (const victim of victims) await victim.finished()
  } else {
    await Promise.all(victims.map((victim) => victim.kill(deaths)))
  }
}

/** Counts the files that a round has left, and names them. */
export function countLeftovers(name: string, totals: { leftovers: number }): void {
  const left = leftovers(name)
  if (left.length > 0) console.error(`left over: ${left.join(' ')}`)
  totals.leftovers += left.length
}
