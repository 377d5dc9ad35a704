import type {
  CallInspection,
  ChannelInspection,
  Inspection,
  LatestInspection,
  ParticipantInspection,
  QueueInspection,
  StreamInspection,
} from '@memlane/inspect'
import { labelText } from './label-text.js'
import type { Metric } from './metric.js'
import { metrics } from './metrics.js'
import type { Labels, Samples } from './samples.js'
import type { Totals } from './totals.js'

/** Adds the figures of one memory. */
export function addInspection(samples: Samples, totals: Totals, inspection: Inspection): void {
  const memory = new MemorySamples(samples, totals, inspection)
  memory.addGeneral()
  switch (inspection.shape) {
    case 'stream':
      memory.addStream(inspection)
      break
    case 'latest':
      memory.addLatest(inspection)
      break
    case 'queue':
      memory.addQueue(inspection)
      break
    case 'call':
      memory.addCalls(inspection)
      break
    case 'region':
      memory.addParticipants('writer', inspection.writers)
      break
  }
}

class MemorySamples {
  readonly #samples: Samples
  readonly #totals: Totals
  readonly #inspection: Inspection
  readonly #labels: Labels

  constructor(samples: Samples, totals: Totals, inspection: Inspection) {
    this.#samples = samples
    this.#totals = totals
    this.#inspection = inspection
    this.#labels = { name: labelText(inspection.name), shape: inspection.shape }
  }

  addGeneral(): void {
    const { length, system, findings } = this.#inspection
    this.#add(metrics.memoryBytes, length)
    this.#add(metrics.handles, system?.holders)
    const counts = new Map<string, number>()
    for (const { code, severity } of findings) {
      const kind = `${code} ${severity}`
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    for (const [kind, count] of counts) {
      const [code = '', severity = ''] = kind.split(' ')
      this.#add(metrics.findings, count, { code, severity })
    }
  }

  /** @param places how many there can be; undefined: no limit */
  addParticipants(role: string, participants: readonly ParticipantInspection[], places?: number): void {
    for (const state of ['alive', 'died']) {
      const count = participants.filter((participant) => participant.state === state).length
      this.#add(metrics.participants, count, { role, state })
    }
    this.#add(metrics.places, places, { role })
  }

  addStream(stream: StreamInspection): void {
    const { geometry, producers, consumers } = stream
    this.addParticipants('producer', producers, geometry.maxProducers)
    this.addParticipants('consumer', consumers, geometry.maxConsumers)
    this.#add(metrics.laneBytes, geometry.capacity)
    const recordLength = leastRecordLength(stream)
    for (const { slot, sent, sentBytes, heldBytes } of producers) {
      const producer = { producer: String(slot) }
      const messages = this.#addTotal(stream, metrics.sentMessages, sent, producer)
      // A fast producer sends more than 4 GiB between two looks. Its messages tell how often their bytes have wrapped.
      this.#addTotal(stream, metrics.sentBytes, sentBytes, producer, messages * recordLength)
      this.#add(metrics.laneHeldBytes, heldBytes, producer)
    }
    for (const { slot, lagBytes, lagMessages } of consumers) {
      const consumer = { consumer: String(slot) }
      this.#add(metrics.lagBytes, lagBytes, consumer)
      this.#add(metrics.lagMessages, lagMessages, consumer)
    }
  }

  addLatest(latest: LatestInspection): void {
    this.addParticipants('writer', latest.writer === undefined ? [] : [latest.writer], 1)
    this.addParticipants('reader', latest.readers, latest.geometry.maxReaders)
    for (const { key: name, version, ageMs } of latest.keys) {
      const key = { key: labelText(name) }
      this.#addTotal(latest, metrics.setValues, version, key)
      this.#add(metrics.valueAge, seconds(ageMs), key)
    }
  }

  addQueue(queue: QueueInspection): void {
    const { geometry, producers, consumers, figures } = queue
    this.addParticipants('producer', producers, geometry.maxProducers)
    this.addParticipants('consumer', consumers, geometry.maxConsumers)
    for (const state of ['ready', 'taken', 'delayed'] as const) {
      this.#add(metrics.queueMessages, figures[state], { state })
    }
    this.#add(metrics.deadLetters, figures.dead)
    this.#add(metrics.oldestAge, seconds(figures.oldestAgeMs))
    this.#add(metrics.queueSlots, geometry.capacity)
    for (const { slot, sent, dropped, used } of producers) {
      const producer = { producer: String(slot) }
      this.#addTotal(queue, metrics.sentMessages, sent, producer)
      this.#addTotal(queue, metrics.droppedMessages, dropped, producer)
      this.#add(metrics.usedQueueSlots, used, producer)
    }
  }

  addCalls(call: CallInspection): void {
    const { geometry, clients, servers, figures } = call
    this.addParticipants('client', clients, geometry.maxClients)
    this.addParticipants('server', servers, geometry.maxServers)
    for (const state of ['waiting', 'taken'] as const) this.#add(metrics.pendingCalls, figures[state], { state })
    for (const { slot, called } of clients) {
      this.#addTotal(call, metrics.calls, called, { client: String(slot) })
    }
  }

  #add(metric: Metric, value: number | undefined, labels: Labels = {}): void {
    this.#samples.add(metric, value, { ...this.#labels, ...labels })
  }

  /** @returns how much the total has grown since the last look */
  #addTotal({ instance }: ChannelInspection, metric: Metric, counter: number, labels: Labels, least?: number): number {
    const { total, growth } = this.#totals.next(metric, { ...this.#labels, ...labels }, instance, counter, least)
    this.#add(metric, total, labels)
    return growth
  }
}

/** Bytes of each message with its header: exact if all messages have the same length. */
function leastRecordLength({ schema }: StreamInspection): number {
  const [message] = schema?.rows ?? []
  return Math.ceil((8 + (message?.length ?? 0)) / 8) * 8
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
