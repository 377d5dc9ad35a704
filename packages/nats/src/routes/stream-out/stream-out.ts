import { join } from 'node:path'
import { Channel, readerCodec, type StreamChannel } from '@memlane/channel'
import { clearTimeout, now, setImmediate, setTimeout } from '@memlane/core/internal'
import { streamShape } from '@memlane/protocol/internal'
import type { RouteConfigOf } from '../../config/route-config.js'
import { abortable } from '../../link/abortable.js'
import type { Clients } from '../../link/link.js'
import { refusalLog } from '../../message/refusal-log.js'
import { patternOf, token } from '../../message/subject-map.js'
import type { RouteContext } from '../route.js'
import { Checkpoint } from './checkpoint.js'
import { deliver, type Prepare } from './delivery.js'
import { OutgoingLanes } from './outgoing-lanes.js'
import { OutgoingMessages } from './outgoing-messages.js'
import { Overrun } from './overrun.js'
import { PublishWindow } from './publish-window.js'
import { SchemaFiles } from './schema-files.js'
import { SpillFile } from './spill-file.js'
import { storedIds } from './stored-ids.js'
import { targetStream } from './target-stream.js'

type Config = RouteConfigOf<'stream-out'>

/** How long a stopping route waits for the answers to what is in flight. */
const FINISH_MS = 3_000
/** So many bytes are read before the event loop runs. */
const BYTES_A_ROUND = 2 ** 20

/** So much of a lane is given back at once, as other consumers do. */
const PORTION = 1 / 8
/** The most time between an answer and the moment when its message leaves the lane. */
const SAVE_MS = 2
/** While the network is too slow: how often the lanes are looked at, at most. */
const RELIEF_MS = 1

/** A route from a stream to a stream of JetStream, over the lives of its memory. */
export class StreamOut {
  readonly #config: Config
  readonly #context: RouteContext
  readonly #checkpoint: Checkpoint
  readonly #window: PublishWindow
  readonly #spill: SpillFile | undefined
  readonly #schemas: SchemaFiles
  /** Aborts when something has gone wrong outside of `run`. */
  readonly #failed = new AbortController()
  #hasCompared = false
  readonly #logRefusal: (text: string) => void
  #lanes: OutgoingLanes | undefined
  #continue: (() => void) | undefined
  #saving: NodeJS.Timeout | undefined
  /** True while `carry` waits on the lanes although the window has no room. */
  #isOverrun = false

  constructor(config: Config, context: RouteContext) {
    const { figures, log, folder } = context
    this.#config = config
    this.#context = context
    this.#logRefusal = refusalLog(log)
    this.#checkpoint = new Checkpoint(folder)
    this.#schemas = new SchemaFiles(folder)
    this.#window = new PublishWindow({
      jetstream: config.jetstream,
      size: config.window,
      figures,
      onSettled: () => this.#attempt(() => this.#onSettled()),
      onRefused: this.#logRefusal,
      log,
    })
    try {
      if (config.onOverrun === 'spill') {
        this.#spill = new SpillFile({
          folder: join(folder, 'spill'),
          maxBytes: config.maxSpillBytes,
          start: this.#checkpoint.spill,
          figures,
          onSettled: ({ label: { fields }, sequence }, position) => {
            this.#checkpoint.note(fields.instance, fields.lane, sequence + 1)
            this.#checkpoint.noteSpill(position)
          },
          log,
        })
      }
    } catch (error) {
      this.#checkpoint.close()
      throw error
    }
    figures.measureLag(() => this.#window.length + (this.#spill?.waiting ?? 0) + (this.#lanes?.unread ?? 0))
  }

  /** Runs until the signal of the route aborts. @throws an error of the memory, or of the configuration */
  async run(): Promise<void> {
    const ended = new AbortController()
    const prepare: Prepare = (clients, signal) => this.#prepare(clients, signal)
    const failed = this.#failed
    const delivery = deliver(this.#window, this.#context, prepare, ended.signal)
    delivery.catch((error) => failed.abort(error))
    const signal = AbortSignal.any([this.#context.signal, failed.signal])
    this.#publishSpilled()
    try {
      while (!signal.aborted) await this.#carryMemory(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      ended.abort(new Error('the route has ended'))
      await delivery.finally(() => {
        clearTimeout(this.#saving)
        this.#window.close()
        try {
          this.#checkpoint.close()
        } finally {
          this.#spill?.close()
        }
      })
    }
    if (failed.signal.aborted) throw failed.signal.reason
  }

  /** Does something outside of `run`, such as in a timer: an error, as of a full disk, ends `run`. */
  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#failed.abort(error)
    }
  }

  /** Waits for the memory, and carries its messages until nobody else uses it. */
  async #carryMemory(signal: AbortSignal): Promise<void> {
    const { laneOwners } = this.#context
    const channel = await Channel.waitFor(streamShape, this.#config.name, undefined, { signal })
    let overrun: Overrun | undefined
    try {
      this.#checkOverrun(channel)
      const { descriptor } = readerCodec(channel, undefined)
      if (this.#schemas.add(descriptor)) this.#window.interrupt('the schema is new', 'prepare')
      const instance = Buffer.from(channel.header.instance).toString('hex')
      this.#checkpoint.begin(instance)
      const messages = new OutgoingMessages(
        this.#config,
        this.#context,
        this.#checkpoint,
        descriptor,
        instance,
        this.#logRefusal,
      )
      const firstOf = (lane: number) => {
        const settled = this.#checkpoint.nextOf(lane)
        const spilled = this.#spill?.nextOf(instance, lane)
        return spilled === undefined ? settled : Math.max(spilled, settled ?? 0)
      }
      this.#lanes = new OutgoingLanes(channel, firstOf, (lane, end) => laneOwners.endOrphan(instance, lane, end))
      if (this.#makesRoom(channel)) overrun = this.#overrun(this.#lanes, messages)
      await this.#carry(this.#lanes, messages, overrun, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      try {
        if (signal.aborted) {
          await this.#finish()
          overrun?.spillAll()
        }
        this.#save()
      } finally {
        this.#lanes?.close()
        this.#lanes = undefined
        channel.close()
      }
    }
  }

  async #carry(
    lanes: OutgoingLanes,
    messages: OutgoingMessages,
    overrun: Overrun | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { figures } = this.#context
    const window = this.#window
    const isRoom = () => window.hasRoom && this.#spill?.isRead !== false
    const missedBefore = figures.dropped.missed
    while (!signal.aborted && !lanes.isEnded) {
      let bytes = 0
      const count = lanes.read(
        (lane) => {
          bytes += lane.payload.length
          const message = messages.make(lane)
          if (message !== undefined) window.push(message)
        },
        () => bytes < BYTES_A_ROUND && isRoom(),
      )
      this.#saveSoon(lanes)
      figures.dropped.missed = missedBefore + lanes.missed
      if (count > 0) await new Promise(setImmediate)
      else if (isRoom()) await lanes.ready(signal)
      else if (overrun === undefined) await this.#change(signal)
      else if (overrun.relieve()) {
        this.#save()
        await new Promise(setImmediate)
      } else {
        this.#isOverrun = true
        await lanes.ready(signal, () => lanes.hasGrown())
        this.#isOverrun = false
        // Not at each message: most of them need nothing.
        if (!isRoom()) await this.#change(signal, RELIEF_MS)
      }
    }
  }

  /** True if producers must not wait for the network. */
  #makesRoom({ header: { overflow } }: StreamChannel): boolean {
    return this.#spill !== undefined || (this.#config.onOverrun === 'drop' && overflow === 'wait')
  }

  #overrun(lanes: OutgoingLanes, messages: OutgoingMessages): Overrun {
    return new Overrun(lanes, this.#window, messages, this.#spill, this.#checkpoint, this.#context.figures)
  }

  /** Waits until messages are settled, or for a time. @throws the signal's reason if it aborts */
  async #change(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const change = new Promise<void>((resolve) => {
      this.#continue = resolve
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs)
    })
    await abortable(change, signal).finally(() => clearTimeout(timer))
  }

  /** Waits a few seconds for the answers to what is in flight. */
  async #finish(): Promise<void> {
    const deadline = AbortSignal.timeout(FINISH_MS)
    while (this.#window.length > 0 && this.#context.link.isUp && !deadline.aborted) {
      await this.#change(deadline).catch(() => {})
    }
  }

  /** Fills the window from the spill file. */
  #publishSpilled(): void {
    while (this.#window.hasRoom) {
      const message = this.#spill?.next()
      if (message === undefined) return
      this.#window.push(message)
    }
  }

  /** Saves now if a lane needs the room, otherwise within some milliseconds. */
  #saveSoon(lanes: OutgoingLanes | undefined): void {
    const owed = lanes?.owedBytes ?? 0
    if (lanes !== undefined && owed >= lanes.participant.channel.header.capacity * PORTION) this.#save()
    else if (owed > 0 || this.#checkpoint.isChanged)
      this.#saving ??= setTimeout(() => this.#attempt(() => this.#save()), SAVE_MS)
  }

  /** Writes the checkpoint, and then gives back the room of what is settled. */
  #save(): void {
    clearTimeout(this.#saving)
    this.#saving = undefined
    const owed = this.#lanes?.owedBytes ?? 0
    this.#checkpoint.write()
    this.#spill?.trim()
    if (owed > 0) this.#lanes?.release()
  }

  #onSettled(): void {
    this.#context.figures.error = undefined
    if (this.#window.latestStored > 0) this.#checkpoint.noteStored(this.#window.latestStored)
    this.#saveSoon(this.#lanes)
    if (!this.#context.signal.aborted) this.#publishSpilled()
    this.#continue?.()
    this.#continue = undefined
    if (this.#window.length === 0 || this.#isOverrun) this.#lanes?.wake()
  }

  /** What must be there before messages are published: the stream of JetStream, the schema, and what was stored before. */
  async #prepare(clients: Clients, signal: AbortSignal): Promise<void> {
    const { name, subject } = this.#config
    const all = patternOf(subject, { name: token(name) })
    const { state, config } = await targetStream(clients, this.#config, all)
    await this.#schemas.announceAll((descriptor) => this.#context.schemas.announce(descriptor, signal))
    await this.#compare(clients, all, state.last_seq, config.duplicate_window / 1e6, signal)
  }

  /** Finds out which messages are stored, if JetStream may have forgotten that. */
  async #compare(
    clients: Clients,
    subject: string,
    last: number,
    duplicateWindowMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const checkpoint = this.#checkpoint
    const { jetstream } = this.#config
    const { origin, log } = this.#context
    const { oldestPublished } = this.#window
    const wasAway = oldestPublished !== undefined && now() - oldestPublished > duplicateWindowMs / 2
    if (checkpoint.stored === -1 || checkpoint.stored > last) {
      // Nothing was published yet, or the stream was made anew.
      checkpoint.noteStored(last)
      checkpoint.write()
    } else if (last > checkpoint.stored && (wasAway || !this.#hasCompared)) {
      const ids = await storedIds(clients, { jetstream, subject, origin, after: checkpoint.stored }, signal)
      if (ids.size > 0) log(`JetStream has ${ids.size} messages that this bridge published before`)
      this.#window.knowStored(ids)
    }
    this.#hasCompared = true
  }

  #checkOverrun({ header, name }: StreamChannel): void {
    if (header.overflow === 'wait' || this.#config.onOverrun !== 'block') return
    throw new Error(
      `the stream "${name}" has overflow: "overwrite", so its producers never wait, and the bridge cannot block them. ` +
        'Set "onOverrun" of its route to "drop" or "spill", or create the stream with overflow: "wait".',
    )
  }
}
