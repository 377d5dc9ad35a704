import type { Label, Metric } from './metric.js'

/** All metrics. The guide has this table, too. */
export const metrics = {
  memories: gauge('memlane_memories', 'memlane.memories', '{memory}', ['shape'], 'Memories that were looked at.'),
  memoryBytes: gauge('memlane_memory_bytes', 'memlane.memory.size', 'By', ['name', 'shape'], 'Bytes of the memory.'),
  handles: gauge(
    'memlane_handles',
    'memlane.handles',
    '{handle}',
    ['name', 'shape'],
    'Open handles of the memory, of all processes. Only on Linux.',
  ),
  participants: gauge(
    'memlane_participants',
    'memlane.participants',
    '{participant}',
    ['name', 'shape', 'role', 'state'],
    'Participants that are alive, and those that died and were not cleaned up yet.',
  ),
  places: gauge(
    'memlane_places',
    'memlane.places',
    '{place}',
    ['name', 'shape', 'role'],
    'How many participants of a role the memory has room for.',
  ),
  findings: gauge(
    'memlane_findings',
    'memlane.findings',
    '{finding}',
    ['name', 'shape', 'code', 'severity'],
    'Findings: who is stuck, and what is broken. Absent if there are none.',
  ),
  sentMessages: counter(
    'memlane_sent_messages_total',
    'messaging.client.sent.messages',
    '{message}',
    ['name', 'shape', 'producer'],
    'Messages sent to a stream or queue.',
  ),
  sentBytes: counter(
    'memlane_sent_bytes_total',
    'memlane.sent.size',
    'By',
    ['name', 'shape', 'producer'],
    'Bytes sent to a stream, with 8 bytes for each message and padding.',
  ),
  laneBytes: gauge(
    'memlane_lane_bytes',
    'memlane.lane.size',
    'By',
    ['name', 'shape'],
    "Bytes of each producer's lane of a stream.",
  ),
  laneHeldBytes: gauge(
    'memlane_lane_held_bytes',
    'memlane.lane.held',
    'By',
    ['name', 'shape', 'producer'],
    'Bytes in the lane that the slowest consumer has not taken. The producer waits when they fill the lane.',
  ),
  lagBytes: gauge(
    'memlane_lag_bytes',
    'memlane.lag.size',
    'By',
    ['name', 'shape', 'consumer'],
    'Bytes of a stream that a consumer has not taken. Absent with overwrite.',
  ),
  lagMessages: gauge(
    'memlane_lag_messages',
    'memlane.lag.messages',
    '{message}',
    ['name', 'shape', 'consumer'],
    'Messages of a stream that a consumer has not taken. Absent if the memory does not tell.',
  ),
  setValues: counter(
    'memlane_set_values_total',
    'memlane.set_values',
    '{value}',
    ['name', 'shape', 'key'],
    'Values set in a latest.',
  ),
  valueAge: gauge(
    'memlane_value_age_seconds',
    'memlane.value.age',
    's',
    ['name', 'shape', 'key'],
    'Time since the newest value of a latest was set. Absent before the first.',
  ),
  queueMessages: gauge(
    'memlane_queue_messages',
    'memlane.queue.messages',
    '{message}',
    ['name', 'shape', 'state'],
    'Messages of a queue that are ready, that consumers have taken, and that are delayed.',
  ),
  deadLetters: gauge(
    'memlane_queue_dead_letters',
    'memlane.queue.dead_letters',
    '{message}',
    ['name', 'shape'],
    'Dead letters that a queue holds.',
  ),
  droppedMessages: counter(
    'memlane_queue_dropped_messages_total',
    'memlane.queue.dropped_messages',
    '{message}',
    ['name', 'shape', 'producer'],
    'Dead letters that a queue gave up to have a free slot.',
  ),
  oldestAge: gauge(
    'memlane_queue_oldest_age_seconds',
    'memlane.queue.oldest_age',
    's',
    ['name', 'shape'],
    'Time since the oldest message of a queue was sent, without dead letters. Absent if the queue is empty.',
  ),
  queueSlots: gauge(
    'memlane_queue_slots',
    'memlane.queue.slots',
    '{slot}',
    ['name', 'shape'],
    'Slots of each producer of a queue.',
  ),
  usedQueueSlots: gauge(
    'memlane_queue_used_slots',
    'memlane.queue.used_slots',
    '{slot}',
    ['name', 'shape', 'producer'],
    'Slots of a producer that hold a message: ready, taken, delayed or dead. The producer waits when all do.',
  ),
  calls: counter(
    'memlane_calls_total',
    'memlane.calls',
    '{call}',
    ['name', 'shape', 'client'],
    'Calls made by a client.',
  ),
  pendingCalls: gauge(
    'memlane_pending_calls',
    'memlane.pending_calls',
    '{call}',
    ['name', 'shape', 'state'],
    'Calls that wait for a server, and that a server has taken and not answered.',
  ),
  scrapeDuration: gauge(
    'memlane_scrape_duration_seconds',
    'memlane.scrape.duration',
    's',
    [],
    'Time that this look at memory took.',
  ),
  scrapeErrors: counter(
    'memlane_scrape_errors_total',
    'memlane.scrape.errors',
    '{error}',
    [],
    'Looks that failed: they have no figures of memory.',
  ),
} as const

function counter(
  name: `memlane_${string}_total`,
  openTelemetryName: string,
  unit: string,
  labels: readonly Label[],
  help: string,
): Metric {
  return { name, openTelemetryName, kind: 'counter', unit, labels, help }
}

function gauge(
  name: `memlane_${string}`,
  openTelemetryName: string,
  unit: string,
  labels: readonly Label[],
  help: string,
): Metric {
  return { name, openTelemetryName, kind: 'gauge', unit, labels, help }
}
