/** A place in a round: its participant is killed, stopped and replaced again and again. */

import { setTimeout } from 'node:timers/promises'
import { capabilities } from '@memlane/core'
import { type Child, type ChildExit, spawnChild } from '@memlane/testing'
import type { Random } from '@memlane/testing/random'
import { STAGE, Stage } from './progress.js'

const LIFE_MS = 40
/** Each stop ends within this time. */
const STOP_MS = 60
const HUNG_MS = 30_000
const LOOK_MS = 1
/** From one look to the next. If it takes longer, this process was stopped, as by a terminal. */
const LONGEST_LOOK_MS = 1000

/** A participant makes no progress, although no participant is stopped. */
export class Hung extends Error {}

/** Called when a participant has failed: ends the round. */
export type Fail = (error: unknown) => void

/** What a new participant of a place needs to begin. */
export interface Start {
  /** The name of the participant in complaints: "reader 3". */
  readonly name: string
  readonly counters: Int32Array
  readonly task: object
  /** Called just before the participant is killed. */
  readonly dies?: () => void
}

export interface Deaths {
  kills: number
  stops: number
}

export class Victim implements Disposable {
  readonly #program: string
  readonly #random: Random
  readonly #next: () => Start
  readonly #fail: Fail
  #start!: Start
  #child!: Child
  #exit!: Promise<ChildExit>
  /** True if the round itself ends the participant, so that its end is no failure. */
  #ending = false

  /**
   * @param program the script of the participants, which get their task as JSON
   * @param next makes the task of the next participant
   * @param fail called if a participant ends by itself
   */
  constructor(program: string, random: Random, next: () => Start, fail: Fail) {
    this.#program = program
    this.#random = random
    this.#next = next
    this.#fail = fail
    this.#begin()
  }

  get name(): string {
    return `${this.#start.name} (process ${this.#child.pid})`
  }

  get counters(): Int32Array {
    return this.#start.counters
  }

  /** Lets the participant live for a moment, stops it now and then, kills it, and starts the next one. */
  async replace(deaths: Deaths): Promise<void> {
    const random = this.#random
    if (random() < 0.25) {
      await this.reached(Stage.joining)
      if (random() < 0.5) await setTimeout(random() * 5)
    } else {
      await this.reached(Stage.joined)
      await setTimeout(random() * LIFE_MS)
    }
    if (random() < 0.3 && capabilities.namespace === 'posix') {
      this.#child.kill('SIGSTOP')
      deaths.stops++
      await setTimeout(random() * STOP_MS)
      if (random() < 0.5) {
        this.#child.kill('SIGCONT')
        await setTimeout(random() * LIFE_MS)
      }
    }
    await this.kill(deaths)
    this.#begin()
  }

  reached(stage: number): Promise<void> {
    const at = () => Atomics.load(this.counters, STAGE)
    return until(
      () => at() >= stage,
      () => `${this.name} does not come from stage ${at()} to ${stage}`,
    )
  }

  /** From now on, the participant may end by itself. */
  mayEnd(): void {
    this.#ending = true
  }

  async finished(): Promise<void> {
    const { code, signal } = await within(this.#exit, `${this.name} does not finish`)
    if (code !== 0) throw new Error(`${this.name} ended (${signal ?? code})`)
  }

  #begin(): void {
    const start = this.#next()
    const child = spawnChild(process.execPath, [this.#program, JSON.stringify(start.task)], { timeoutMs: 2 ** 31 - 1 })
    this.#start = start
    this.#child = child
    this.#exit = child.exit
    this.#ending = false
    child.exit.then(
      ({ code, signal, stderr }) => {
        if (stderr !== '') console.error(`${start.name}: ${stderr.trimEnd()}`)
        if (this.#child === child && !this.#ending) this.#fail(new Error(`${start.name} ended (${signal ?? code})`))
      },
      (error) => this.#fail(error),
    )
  }

  /** Kills the participant, and starts no other. */
  async kill(deaths: Deaths): Promise<void> {
    this.#ending = true
    this.#start.dies?.()
    this.#child.kill('SIGKILL')
    const { code, signal } = await within(this.#exit, `${this.name} does not die`)
    if (signal === 'SIGKILL') deaths.kills++
    else if (code !== 0) throw new Error(`${this.name} ended (${signal ?? code})`)
  }

  [Symbol.dispose](): void {
    this.#ending = true
    this.#child[Symbol.dispose]()
  }
}

/**
 * Waits for a condition. Time in which this process was stopped itself does not count.
 *
 * @throws Hung if that takes too long
 */
export async function until(isSo: () => boolean, complaint: () => string): Promise<void> {
  let waited = 0
  for (let last = performance.now(); !isSo(); ) {
    if (waited > HUNG_MS) throw new Hung(complaint())
    await setTimeout(LOOK_MS)
    const time = performance.now()
    waited += Math.min(time - last, LONGEST_LOOK_MS)
    last = time
  }
}

/**
 * Waits for a promise, as `until` does.
 *
 * @throws Hung if that takes too long
 */
export async function within<T>(promise: Promise<T>, complaint: string): Promise<T> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  promise.then(end, end)
  await until(
    () => isOver,
    () => complaint,
  )
  return promise
}
