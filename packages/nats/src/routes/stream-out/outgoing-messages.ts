import type { PayloadDescriptor } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import type { RouteConfigOf } from '../../config/route-config.js'
import { schemaHash } from '../../message/schema-store.js'
import { type WireForm, wireForm } from '../../message/wire-form.js'
import type { RouteContext } from '../route.js'
import type { Checkpoint } from './checkpoint.js'
import { LaneLabel } from './lane-label.js'
import type { Outgoing, Sender } from './outgoing.js'
import type { OutgoingLane } from './outgoing-lane.js'

interface LaneParts {
  readonly label: LaneLabel
  readonly sender: Sender
}

/** Turns the messages of one memory into messages of NATS. */
export class OutgoingMessages {
  readonly #config: RouteConfigOf<'stream-out'>
  readonly #context: RouteContext
  readonly #checkpoint: Checkpoint
  readonly #form: WireForm
  readonly #schema: string
  readonly #instance: string
  readonly #onRefused: (text: string) => void
  readonly #parts: (LaneParts | undefined)[] = []

  constructor(
    config: RouteConfigOf<'stream-out'>,
    context: RouteContext,
    checkpoint: Checkpoint,
    descriptor: PayloadDescriptor,
    instance: string,
    onRefused: (text: string) => void,
  ) {
    this.#config = config
    this.#context = context
    this.#checkpoint = checkpoint
    this.#form = wireForm(descriptor, config.encoding)
    this.#schema = schemaHash(encodeDescriptor(descriptor))
    this.#instance = instance
    this.#onRefused = onRefused
  }

  /**
   * Makes the message that a lane is at.
   *
   * @returns undefined for a message that must not be published, or that is no value of the schema: it is counted
   */
  make(lane: OutgoingLane): Outgoing | undefined {
    const { laneOwners, figures } = this.#context
    const { producer, sequence, position } = lane
    if (laneOwners.isOwn(this.#instance, producer, sequence)) {
      figures.dropped.loop++
      this.#leaveOut(lane)
      return undefined
    }
    let payload: Uint8Array
    try {
      payload = this.#form.toWire(lane.payload)
    } catch (error) {
      figures.dropped.refused++
      this.#onRefused(`message ${sequence} of lane ${producer} is no value of its schema: ${error}`)
      this.#leaveOut(lane)
      return undefined
    }
    // The bytes in the lane may change before the client has sent them.
    if (payload === lane.payload) payload = Buffer.from(payload)
    const { label, sender } = this.#parts[producer] ?? this.#addLane(lane)
    lane.keep()
    return { label, sequence, time: Date.now(), payload, sender, end: position }
  }

  #leaveOut(lane: OutgoingLane): void {
    if (!lane.isPending) this.#checkpoint.note(this.#instance, lane.producer, lane.sequence + 1)
  }

  #addLane(lane: OutgoingLane): LaneParts {
    const label = LaneLabel.of(this.#config, this.#context.origin, this.#schema, this.#instance, lane.producer)
    const sender: Sender = {
      release: ({ end }) => lane.settle(end),
      settle: ({ end, sequence }) => {
        lane.settle(end)
        this.#checkpoint.note(this.#instance, lane.producer, sequence + 1)
      },
    }
    const parts = { label, sender }
    this.#parts[lane.producer] = parts
    return parts
  }
}
