import { openLane, type StreamChannel } from '@memlane/channel'
import type { AnyCodec } from '@memlane/protocol'
import { forEachBit, LaneReader, maxMessageLength, recordLength } from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import type { Finding } from './finding.js'
import { finding, participantFindings } from './findings.js'
import type {
  LaneLag,
  StreamConsumerInspection,
  StreamFigures,
  StreamGeometry,
  StreamProducerInspection,
} from './inspection.js'
import { ObservedLane } from './observed-lane.js'
import { closed, inspectPlace, type Look, named, shown } from './place.js'

/** A lane as a look finds it. */
interface LaneLook {
  readonly producer: number
  readonly data: DataView
  /** The position and the number of the next message; both wrap. */
  readonly end: number
  readonly sequence: number
}

/** What a look at a stream finds besides its schema. */
export interface StreamLook {
  readonly geometry: StreamGeometry
  readonly producers: readonly StreamProducerInspection[]
  readonly consumers: readonly StreamConsumerInspection[]
  readonly figures: StreamFigures
  readonly findings: readonly Finding[]
}

/** @param codec undefined if the schema in the memory is wrong */
export function inspectStream(channel: StreamChannel, look: Look, codec: AnyCodec | undefined): StreamLook {
  const { control, header } = channel
  const { overflow, withoutConsumers, capacity, maxProducers, maxConsumers, controlLength } = header
  const used = Array.from({ length: maxProducers }, (_, producer) => producer).filter(
    (producer) => control.stateOf(producer) !== 'unused',
  )
  // The positions of the consumers before the ends of the lanes: so no lag is negative.
  const positions = positionsOf(channel, used)
  const lanes = used.map((producer) => lookAtLane(channel, producer))
  const consumers = [...positions].flatMap(([slot, positions]) => {
    const place = inspectPlace(look, control.consumers, slot, () => (control.liveConsumers() & (1 << slot)) !== 0)
    if (place === undefined) return []
    const ready = control.isReady(slot)
    if (overflow === 'overwrite') return [{ ...place, ready, lagBytes: undefined, lagMessages: undefined, lanes: [] }]
    const lags = lanes.map((lane, index) => lagIn(channel, lane, positions[index] as number))
    return [{ ...place, ready, ...sumOf(lags), lanes: lags.filter(({ lagBytes }) => lagBytes > 0) }]
  })
  const producers = lanes.map(({ producer, end, sequence }): StreamProducerInspection => {
    const heldBytes = Math.max(0, ...living(consumers).map((consumer) => lagOf(consumer, producer)))
    const isOpen = () => control.stateOf(producer) === 'open'
    const place = isOpen() ? inspectPlace(look, control.producers, producer, isOpen) : undefined
    return { ...(place ?? closed(producer)), sent: sequence >>> 0, sentBytes: end >>> 0, heldBytes }
  })
  const geometry = {
    overflow,
    withoutConsumers,
    capacity,
    maxMessageLength: maxMessageLength(capacity),
    maxProducers,
    maxConsumers,
    controlLength,
  }
  const waiting = lanes.map(({ producer, end }) => ({ producer, heldBytes: (end - control.baseOf(producer)) | 0 }))
  return {
    geometry,
    producers,
    consumers,
    figures: figuresOf(producers, consumers),
    findings: [
      ...blockedProducers({ geometry, producers, consumers, waiting, codec }),
      ...participantFindings('stream', [
        {
          role: 'producer',
          participants: producers,
          places: maxProducers,
          countOption: 'maxProducers',
          afterDeath: 'What it sent stays readable. A producer that opens the stream takes over its lane.',
        },
        {
          role: 'consumer',
          participants: consumers,
          places: maxConsumers,
          countOption: 'maxConsumers',
          afterDeath: 'No producer waits for it: the next one that needs room removes it.',
        },
      ]),
    ],
  }
}

/** The positions that the live consumers have announced in these lanes. */
function positionsOf({ control }: StreamChannel, lanes: readonly number[]): Map<number, number[]> {
  const positions = new Map<number, number[]>()
  forEachBit(control.liveConsumers(), (consumer) => {
    positions.set(
      consumer,
      lanes.map((producer) => control.positionOf(consumer, producer)),
    )
  })
  return positions
}

/** Maps a lane; it is closed together with the channel. */
function lookAtLane(channel: StreamChannel, producer: number): LaneLook {
  const { buffer } = openLane(channel, producer, 'read')
  const { position, sequence } = new ObservedLane(channel.control, producer, buffer, new CopiedPayload(), 'now').end
  return { producer, data: new DataView(buffer), end: position, sequence }
}

function lagIn(
  { control, header }: StreamChannel,
  { producer, data, end, sequence }: LaneLook,
  position: number,
): LaneLag {
  const lagBytes = Math.min(Math.max(0, (end - position) | 0), header.capacity)
  const lagMessages = lagBytes === 0 ? 0 : messagesBetween()
  return { producer, lagBytes, lagMessages }

  function messagesBetween(): number | undefined {
    const reader = new LaneReader(data.buffer as ArrayBuffer, data.byteOffset, header.capacity, position)
    try {
      const first = reader.next() === -1 ? sequence : reader.sequence
      const isThere = ((position - control.baseAfterCopy(producer)) | 0) >= 0
      const messages = (sequence - first) | 0
      return isThere && messages >= 0 && messages <= lagBytes / recordLength(0) ? messages : undefined
    } catch {
      return undefined // it has gone on meanwhile, or the position is wrong
    }
  }
}

function sumOf(lags: readonly LaneLag[]): Pick<StreamFigures, 'lagBytes' | 'lagMessages'> {
  const lagBytes = lags.reduce((sum, lag) => sum + lag.lagBytes, 0)
  const lagMessages = lags.every((lag) => lag.lagMessages !== undefined)
    ? lags.reduce((sum, lag) => sum + (lag.lagMessages as number), 0)
    : undefined
  return { lagBytes, lagMessages }
}

const living = (consumers: readonly StreamConsumerInspection[]) => consumers.filter(({ state }) => state === 'alive')

function lagOf({ lanes }: StreamConsumerInspection, producer: number): number {
  return lanes.find((lane) => lane.producer === producer)?.lagBytes ?? 0
}

function figuresOf(
  producers: readonly StreamProducerInspection[],
  consumers: readonly StreamConsumerInspection[],
): StreamFigures {
  return {
    sent: producers.reduce((sum, { sent }) => (sum + sent) >>> 0, 0),
    sentBytes: producers.reduce((sum, { sentBytes }) => (sum + sentBytes) >>> 0, 0),
    lagBytes: most(living(consumers).map(({ lagBytes }) => lagBytes)),
    lagMessages: most(living(consumers).map(({ lagMessages }) => lagMessages)),
  }
}

function most(lags: readonly (number | undefined)[]): number | undefined {
  const known = lags.filter((lag) => lag !== undefined)
  return known.length === 0 || known.length < lags.length ? undefined : Math.max(...known)
}

interface Blocking {
  readonly geometry: StreamGeometry
  readonly producers: readonly StreamProducerInspection[]
  readonly consumers: readonly StreamConsumerInspection[]
  /** Bytes between the base and the end of each lane. */
  readonly waiting: readonly { readonly producer: number; readonly heldBytes: number }[]
  readonly codec: AnyCodec | undefined
}

/** Finds producers whose lanes are as good as full, and the consumers for which they wait. */
function blockedProducers({ geometry, producers, consumers, waiting, codec }: Blocking): Finding[] {
  const { overflow, withoutConsumers, capacity } = geometry
  if (overflow === 'overwrite') return []
  const needed = Math.max(capacity / 16, 2 * recordLength(codec?.fixedLength ?? 0))
  const isFull = (heldBytes: number) => capacity - heldBytes < needed
  const live = living(consumers)
  return producers.flatMap((each) => {
    if (each.state !== 'alive') return []
    const producer = named('producer', each)
    if (live.length === 0) {
      const { heldBytes = 0 } = waiting.find((lane) => lane.producer === each.slot) ?? {}
      if (withoutConsumers !== 'wait' || !isFull(heldBytes)) return []
      const message = `The lane of ${shown(producer)} is full, and there is no consumer. The stream was created with withoutConsumers: 'wait', so it waits for one.`
      return [finding('BLOCKED_PRODUCER', 'warning', message, producer)]
    }
    const slow = live.filter((consumer) => isFull(lagOf(consumer, each.slot)))
    if (slow.length === 0) return []
    const waitsFor = slow.map((consumer) => named('consumer', consumer))
    const isStuck = slow.some(({ stopped }) => stopped === true)
    const why = isStuck ? 'which is stopped' : 'which takes messages more slowly than they come, or not at all'
    const message = `The lane of ${shown(producer)} is full (${each.heldBytes} of ${capacity} bytes): it waits for ${waitsFor.map(shown).join(', ')}, ${why}.`
    return [finding('BLOCKED_PRODUCER', isStuck ? 'error' : 'warning', message, producer, waitsFor)]
  })
}
