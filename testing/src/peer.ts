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

  /** Makes the peer do one thing, and gives its result. Rejects with its error's code, message and osCode. */
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

  /** Makes the peer do one thing that it does not survive. */
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
