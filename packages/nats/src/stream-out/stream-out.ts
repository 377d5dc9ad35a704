import { Channel, readerCodec, type StreamChannel } from '@memlane/channel'
import { setImmediate } from '@memlane/core/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { streamShape } from '@memlane/protocol/internal'
import type { StreamInfo } from '@nats-io/jetstream'
import type { RouteConfigOf } from '../config/route-config.js'
import { abortable } from '../link/abortable.js'
import type { Clients } from '../link/link.js'
import { filled, token } from '../message/subject-map.js'
import type { RouteContext } from '../routes/route.js'
import { Checkpoint } from './checkpoint.js'
import { deliver } from './delivery.js'
import { OutgoingLanes } from './outgoing-lanes.js'
import { OutgoingMessages } from './outgoing-messages.js'
import { PublishWindow } from './publish-window.js'
import { targetStream } from './target-stream.js'

type Config = RouteConfigOf<'stream-out'>

/** How long a stopping route waits for the answers to what is in flight. */
const FINISH_MS = 3_000
/** So many bytes are read before the event loop runs. */
const BYTES_A_ROUND = 2 ** 20

/** A route from a stream to a stream of JetStream, over the lives of its memory. */
export class StreamOut {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #checkpoint: Checkpoint
  readonly #window: PublishWindow
  #announced: PayloadDescriptor | undefined
  #descriptor: PayloadDescriptor | undefined
  #lanes: OutgoingLanes | undefined
  #continue: (() => void) | undefined

  constructor(config: Config, context: RouteContext) {
    const { figures, log, folder } = context
    this.#config = config
    this.#context = context
    this.#checkpoint = new Checkpoint(folder)
    this.#window = new PublishWindow({
      jetstream: config.jetstream,
      size: config.window,
      figures,
      onSettled: () => this.#onSettled(),
      log,
    })
    figures.measureLag(() => this.#window.length + (this.#lanes?.unread ?? 0))
  }

  /** Runs until the signal of the route aborts. @throws an error of the memory, or of the configuration */
  async run(): Promise<void> {
    const { signal } = this.#context
    const ended = new AbortController()
    const delivery = deliver(this.#window, this.#context, (clients) => this.#prepare(clients), ended.signal)
    try {
      while (!signal.aborted) await this.#carryMemory()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      ended.abort(new Error('the route has ended'))
      await delivery
      this.#checkpoint.write()
    }
  }

  /** Waits for the memory, and carries its messages until nobody else uses it. */
  async #carryMemory(): Promise<void> {
    const { signal } = this.#context
    const channel = await Channel.waitFor(streamShape, this.#config.name, undefined, { signal })
    try {
      this.#checkOverrun(channel)
      const { descriptor } = readerCodec(channel, undefined)
      this.#descriptor = descriptor
      this.#window.interrupt('the schema is not announced yet', true)
      const instance = Buffer.from(channel.header.instance).toString('hex')
      this.#checkpoint.begin(instance)
      const messages = new OutgoingMessages(this.#config, this.#context, this.#checkpoint, descriptor, instance)
      this.#lanes = new OutgoingLanes(channel, this.#checkpoint)
      await this.#carry(this.#lanes, messages)
    } finally {
      this.#lanes?.close()
      this.#lanes = undefined
      channel.close()
    }
  }

  async #carry(lanes: OutgoingLanes, messages: OutgoingMessages): Promise<void> {
    const { signal, figures } = this.#context
    const window = this.#window
    const missedBefore = figures.dropped.missed
    while (!signal.aborted && !lanes.isEnded) {
      let bytes = 0
      const count = lanes.read(
        (lane) => {
          bytes += lane.payload.length
          const message = messages.make(lane)
          if (message !== undefined) window.push(message)
        },
        () => window.hasRoom && bytes < BYTES_A_ROUND,
      )
      lanes.release() // what is not published
      figures.dropped.missed = missedBefore + lanes.missed
      if (!window.hasRoom) await this.#room()
      else if (count > 0) await new Promise(setImmediate)
      else await lanes.ready(signal)
    }
    if (signal.aborted) await this.#finish()
  }

  /** Waits until the window has room. */
  async #room(): Promise<void> {
    const room = new Promise<void>((resolve) => {
      this.#continue = resolve
    })
    await abortable(room, this.#context.signal)
  }

  /** Waits a few seconds for the answers to what is in flight. */
  async #finish(): Promise<void> {
    const deadline = AbortSignal.timeout(FINISH_MS)
    while (this.#window.length > 0 && this.#context.link.isUp && !deadline.aborted) {
      const settled = new Promise<void>((resolve) => {
        this.#continue = resolve
      })
      await abortable(settled, deadline).catch(() => {})
    }
  }

  #onSettled(): void {
    this.#context.figures.error = undefined
    this.#lanes?.release()
    this.#checkpoint.noteStored(this.#window.latestStored)
    this.#continue?.()
    if (this.#window.length === 0) this.#lanes?.wake()
  }

  async #prepare(clients: Clients): Promise<StreamInfo> {
    const { schemas, signal } = this.#context
    const subject = filled(this.#config.subject, { name: token(this.#config.name), lane: '*' })
    const info = await targetStream(clients, this.#config, subject)
    while (this.#descriptor !== undefined && this.#descriptor !== this.#announced) {
      const descriptor = this.#descriptor
      await schemas.announce(descriptor, signal)
      this.#announced = descriptor
    }
    return info
  }

  #checkOverrun({ header, name }: StreamChannel): void {
    if (header.overflow === 'wait' || this.#config.onOverrun !== 'block') return
    throw new Error(
      `the stream "${name}" has overflow: "overwrite", so its producers never wait, and the bridge cannot block them. ` +
        'Set "onOverrun" of its route to "drop" or "spill", or create the stream with overflow: "wait".',
    )
  }
}
