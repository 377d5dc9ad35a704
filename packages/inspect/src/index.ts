export { type Diagnosis, diagnose, type FolderDiagnosis, type SystemDiagnosis } from './diagnose.js'
export type { Finding, FindingCode, FindingParticipant } from './finding.js'
export { type InspectOptions, inspect } from './inspect.js'
export { type InspectAllOptions, inspectAll } from './inspect-all.js'
export {
  type DeadLetterInspection,
  type InspectDeadLettersOptions,
  inspectDeadLetters,
} from './inspect-dead-letters.js'
export type {
  BytesInspection,
  CallClientInspection,
  CallFigures,
  CallGeometry,
  CallInspection,
  CallServerInspection,
  ChannelInspection,
  Inspection,
  LaneLag,
  LatestFigures,
  LatestGeometry,
  LatestInspection,
  LatestKeyInspection,
  MemoryInspection,
  QueueConsumerInspection,
  QueueGeometry,
  QueueInspection,
  QueueProducerInspection,
  StreamConsumerInspection,
  StreamFigures,
  StreamGeometry,
  StreamInspection,
  StreamProducerInspection,
  SystemInspection,
  UnreadableInspection,
} from './inspection.js'
export { isPattern, nameFilter } from './name-filter.js'
export { openTail } from './open-tail.js'
export type { ParticipantInspection, ParticipantState } from './participant-inspection.js'
export type { SchemaInspection, SchemaRow } from './schema-inspection.js'
export { type Participant, type Sides, sidesOf } from './sides.js'
export type { Tail, TailEnd, TailKind, TailMessage, TailOptions } from './tail.js'
export { type Backlog, backlogOf, type Rate, rateBetween } from './traffic.js'
