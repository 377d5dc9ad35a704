import type { Child } from './child.js'
import { type FixtureOptions, spawnFixture } from './fixture.js'

/** One end of a ping-pong over two streams: see fixtures/stream-echo.child.ts. */
export interface EchoTask {
  /** The stream to read. */
  receives: string
  /** The stream to write. */
  sends: string
  rounds: number
  /** The first one sends the first message. */
  role: 'first' | 'second'
}

export function spawnEcho({ receives, sends, rounds, role }: EchoTask, options?: FixtureOptions): Child {
  const fixture = new URL('../fixtures/stream-echo.child.ts', import.meta.url)
  return spawnFixture(fixture, [receives, sends, String(rounds), role], options)
}
