import type { RouteFigures } from '../route-figures.js'
import type { Checkpoint } from './checkpoint.js'
import type { Outgoing, Sender } from './outgoing.js'
import type { OutgoingLane } from './outgoing-lane.js'
import type { OutgoingLanes } from './outgoing-lanes.js'
import type { OutgoingMessages } from './outgoing-messages.js'
import type { PublishWindow } from './publish-window.js'
import type { SpillFile } from './spill-file.js'

/** So much of a lane is filled before anything is spilled or dropped. */
const FULL = 1 / 2
/** So many bytes are spilled before the event loop runs. */
const BYTES_A_ROUND = 2 ** 20
/** So much of a lane is left after messages were dropped: the newest ones. */
const LEFT = 1 / 4

/** Makes room in lanes while the network is slower than the producers. */
export class Overrun {
  readonly #lanes: OutgoingLanes
  readonly #window: PublishWindow
  readonly #messages: OutgoingMessages
  readonly #spill: SpillFile | undefined
  readonly #figures: RouteFigures
  readonly #inMemory: Sender
  readonly #capacity: number

  constructor(
    lanes: OutgoingLanes,
    window: PublishWindow,
    messages: OutgoingMessages,
    spill: SpillFile | undefined,
    checkpoint: Checkpoint,
    figures: RouteFigures,
  ) {
    this.#lanes = lanes
    this.#window = window
    this.#messages = messages
    this.#spill = spill
    this.#figures = figures
    this.#capacity = lanes.participant.channel.header.capacity
    this.#inMemory = {
      release: () => {},
      settle: ({ label, sequence }) => checkpoint.note(label.fields.instance, label.fields.lane, sequence + 1),
    }
  }

  /** Moves messages away from the lanes that need room. Returns false if no lane does. */
  relieve(): boolean {
    const full = this.#lanes.all.filter(({ heldBytes }) => heldBytes > this.#capacity * FULL)
    if (full.length === 0) return false
    this.#moveWindow()
    for (const lane of full) {
      if (this.#spill === undefined) this.#drop(lane, this.#capacity * LEFT, 'overrun')
      else if (this.#spillLane(lane, this.#spill)) this.#drop(lane, this.#capacity * LEFT, 'spill-full')
    }
    return true
  }

  /** Moves everything to the spill file, if there is one: the route ends, and perhaps the memory does. */
  spillAll(): void {
    const spill = this.#spill
    if (spill === undefined) return
    this.#moveWindow()
    for (const lane of this.#lanes.all) {
      while (lane.ready() && !this.#spillLane(lane, spill)) {}
    }
  }

  /** The messages in the window need no room in the lanes: they are in this process, and go to the spill file if there is one. */
  #moveWindow(): void {
    const spill = this.#spill
    const wasRead = spill?.isRead === true
    let canSpill = wasRead
    const before: Outgoing[] = []
    this.#window.replace(spill, (message) => {
      if (message.sender === this.#inMemory) return message
      before.push(message)
      const spilled = canSpill ? spill?.add(message) : undefined
      canSpill = spilled !== undefined
      return spilled ?? { ...message, sender: this.#inMemory }
    })
    if (before.length === 0) return
    spill?.flush()
    if (wasRead) spill?.skipToEnd()
    for (const message of before) message.sender.release(message)
  }

  /** Moves a part of the messages that are unread. Returns true if the spill is full: then one of them is dropped. */
  #spillLane(lane: OutgoingLane, spill: SpillFile): boolean {
    const moved: Outgoing[] = []
    let isFull = false
    for (let bytes = 0; !isFull && bytes < BYTES_A_ROUND && this.#lanes.next(lane); ) {
      const message = this.#messages.make(lane)
      if (message === undefined) continue
      bytes += message.payload.length
      moved.push(message)
      isFull = spill.add(message) === undefined
    }
    if (isFull) this.#figures.dropped['spill-full']++
    spill.flush()
    for (const message of moved) message.sender.release(message)
    return isFull
  }

  #drop(lane: OutgoingLane, left: number, reason: 'overrun' | 'spill-full'): void {
    while (lane.unreadBytes > left && this.#lanes.next(lane)) this.#figures.dropped[reason]++
  }
}
