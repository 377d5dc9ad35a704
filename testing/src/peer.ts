import type { Child, ChildExit } from './child.js'
import { type FixtureOptions, spawnFixture } from './fixture.js'

/** Another process under remote control. Its fixture calls `readCommands` with the verbs that it knows. */
export class Peer implements AsyncDisposable {
  readonly child: Child
  #lastId = 0

  constructor(fixture: URL, options: FixtureOptions = {}) {
    this.child = spawnFixture(fixture, [], options)
    this.child.exit.catch(() => {})
  }

  /** Runs one verb in the peer, and resolves to its result. Rejects with the code, message and osCode of the peer's error. */
  // biome-ignore lint/suspicious/noExplicitAny: each verb gives a result of its own type
  call(verb: string, ...args: unknown[]): Promise<any> {
    const result = this.#call(verb, args)
    result.catch(() => {}) // a peer that is killed never answers
    return result
  }

  async #call(verb: string, args: unknown[]): Promise<unknown> {
    const id = ++this.#lastId
    this.child.write(`${JSON.stringify([id, verb, ...args])}\n`)
    const reply = JSON.parse(await this.child.line(new RegExp(`^\\{"id":${id}[,}]`)))
    if (reply.message !== undefined) throw Object.assign(new Error(reply.message), reply)
    return reply.result
  }

  /** Runs a verb that the peer does not survive. */
  last(verb: string, ...args: unknown[]): Promise<ChildExit> {
    void this.call(verb, ...args)
    return this.child.exit
  }

  kill(): Promise<ChildExit> {
    this.child.kill('SIGKILL')
    return this.child.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill().catch(() => {})
  }
}
