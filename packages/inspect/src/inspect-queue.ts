import type { QueueChannel } from '@memlane/channel'
import { steadyNow } from '@memlane/core/internal'
import type { QueueFigures } from '@memlane/protocol'
import { consumerOf, DEAD, FREE, figuresOf, forEachBit, kindOf, RETURNING, TAKEN } from '@memlane/protocol/internal'
import type { Finding } from './finding.js'
import { finding, participantFindings } from './findings.js'
import type { QueueConsumerInspection, QueueGeometry, QueueInspection, QueueProducerInspection } from './inspection.js'
import { closed, inspectPlace, type Look, named, shown } from './place.js'

/** What a look at a queue finds besides its schema. */
export interface QueueLook {
  readonly geometry: QueueGeometry
  readonly producers: readonly QueueProducerInspection[]
  readonly consumers: readonly QueueConsumerInspection[]
  readonly figures: QueueInspection['figures']
  readonly findings: readonly Finding[]
}

export function inspectQueue({ control, header }: QueueChannel, look: Look): QueueLook {
  const { maxMessageLength, maxProducers, maxConsumers, maxProcessingMs, maxDeliveries, maxDeadLetters } = header
  const { capacity, slotStride } = control
  const figures = figuresOf(control, steadyNow())
  const takenBy = new Map<number, number>()
  const producers: QueueProducerInspection[] = []
  const dead = new Map<number, number>()
  let sent = 0
  control.forEachUsed((producer) => {
    let used = 0
    control.forEachSlotOf(producer, (_, word) => {
      const kind = kindOf(word)
      if (kind !== FREE) used++
      if (kind === TAKEN || kind === RETURNING) count(takenBy, consumerOf(word))
      if (kind === DEAD) count(dead, producer)
    })
    const isOpen = () => control.stateOf(producer) === 'open'
    const place = (isOpen() ? inspectPlace(look, control.producers, producer, isOpen) : undefined) ?? closed(producer)
    const sentHere = control.sentBy(producer)
    sent = (sent + sentHere) >>> 0
    producers.push({ ...place, sent: sentHere, dropped: control.droppedBy(producer), used })
  })
  const consumers: QueueConsumerInspection[] = []
  forEachBit(control.liveConsumers(), (slot) => {
    const place = inspectPlace(look, control.consumers, slot, () => (control.liveConsumers() & (1 << slot)) !== 0)
    if (place !== undefined) consumers.push({ ...place, taken: takenBy.get(slot) ?? 0 })
  })
  const geometry = {
    capacity,
    slotLength: slotStride * 4,
    maxMessageLength,
    maxProducers,
    maxConsumers,
    maxProcessingMs,
    maxDeliveries,
    maxDeadLetters,
  }
  return {
    geometry,
    producers,
    consumers,
    figures: { ...figures, sent },
    findings: [
      ...fullQueues(geometry, producers, consumers, dead),
      ...messageFindings(figures, consumers),
      ...participantFindings('queue', [
        {
          role: 'producer',
          participants: producers,
          places: maxProducers,
          countOption: 'maxProducers',
          afterDeath: 'What it sent stays in the queue.',
        },
        {
          role: 'consumer',
          participants: consumers,
          places: maxConsumers,
          countOption: 'maxConsumers',
          afterDeath: 'Another consumer gets its messages as soon as one is there.',
        },
      ]),
    ],
  }
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const living = (consumers: readonly QueueConsumerInspection[]) => consumers.filter(({ state }) => state === 'alive')

/** Finds producers without a free slot, and the consumers for which they wait. */
function fullQueues(
  { capacity, maxDeadLetters }: QueueGeometry,
  producers: readonly QueueProducerInspection[],
  consumers: readonly QueueConsumerInspection[],
  dead: ReadonlyMap<number, number>,
): Finding[] {
  const live = living(consumers)
  return producers.flatMap((each) => {
    // A producer gives up the oldest dead letter above that number to have a free slot.
    if (each.state !== 'alive' || each.used < capacity || (dead.get(each.slot) ?? 0) > maxDeadLetters) return []
    const producer = named('producer', each)
    const slots = `All ${capacity} slots of ${shown(producer)} hold messages`
    if (live.length === 0) {
      return [finding('FULL_QUEUE', 'error', `${slots}, and there is no consumer. Start one.`, producer)]
    }
    const busy = live.filter(({ taken }) => taken > 0)
    const waitsFor = (busy.length > 0 ? busy : live).map((consumer) => named('consumer', consumer))
    const isStuck = live.every(({ stopped }) => stopped === true)
    const why = isStuck ? 'which is stopped' : 'until messages are acknowledged'
    const message = `${slots}: it waits for ${waitsFor.map(shown).join(', ')}, ${why}.`
    return [finding('FULL_QUEUE', isStuck ? 'error' : 'warning', message, producer, waitsFor)]
  })
}

function messageFindings(figures: QueueFigures, consumers: readonly QueueConsumerInspection[]): Finding[] {
  const { ready, delayed, taken, dead, dropped } = figures
  const findings: Finding[] = []
  const waiting = ready + delayed + taken
  if (waiting > 0 && living(consumers).length === 0) {
    findings.push(finding('NO_CONSUMERS', 'warning', `${messages(waiting)} in the queue, and there is no consumer.`))
  }
  if (dead > 0) {
    findings.push(
      finding(
        'DEAD_LETTERS',
        'warning',
        `${dead} dead letter${dead === 1 ? '' : 's'}: see why, then send them back or drop them.`,
      ),
    )
  }
  if (dropped > 0) {
    findings.push(
      finding(
        'DROPPED_MESSAGES',
        'warning',
        `Producers have given up ${dropped} dead letter${dropped === 1 ? '' : 's'} to have free slots.`,
      ),
    )
  }
  return findings
}

function messages(count: number): string {
  return count === 1 ? '1 message is' : `${count} messages are`
}
