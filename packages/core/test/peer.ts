import { type Child, type ChildExit, type FixtureOptions, spawnFixture } from '@memlane/testing'

/** Another process under remote control: see fixtures/peer.child.ts for its verbs. */
export class Peer implements AsyncDisposable {
  readonly child: Child
  #lastId = 0

  constructor(options: FixtureOptions = {}) {
    this.child = spawnFixture(new URL('../fixtures/peer.child.ts', import.meta.url), [], options)
    this.child.exit.catch(() => {})
  }

  /** Lets the peer do one thing, and gives its result. Rejects with its error's code, message and osCode. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the verb gives
  async call(verb: string, ...args: unknown[]): Promise<any> {
    const id = ++this.#lastId
    this.child.write(`${JSON.stringify([id, verb, ...args])}\n`)
    const reply = JSON.parse(await this.child.line(new RegExp(`^\\{"id":${id}[,}]`)))
    if (reply.message !== undefined) throw Object.assign(new Error(reply.message), reply)
    return reply.result
  }

  /** Does one thing that the peer does not survive. */
  async last(verb: string, ...args: unknown[]): Promise<ChildExit> {
    this.child.write(`${JSON.stringify([++this.#lastId, verb, ...args])}\n`)
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
