export type { EndOn, RegionMemory, StreamEnd, StreamStart, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { type BoardEntry, BoardReader } from './board-reader.js'
export type { CallContext, CopyHandler, HandlerOf, Handlers, InPlaceHandler, StreamHandler } from './call-handlers.js'
export { inPlace } from './call-handlers.js'
export { CallServer, type CallServerEvents } from './call-server.js'
export { DeadLetter } from './dead-letter.js'
export { Delivery, type RetryOptions } from './delivery.js'
export { type Change, type ChangeWaitOptions, type Entry, KeyReader } from './key-reader.js'
export { LatestReader } from './latest-reader.js'
export { type OpenLatestOptions, openLatest, type UnknownKeys } from './open-latest.js'
export { type OpenQueueOptions, openQueue } from './open-queue.js'
export { type OpenRegionOptions, openRegion, openRegionSync } from './open-region.js'
export { type OpenStreamOptions, openStream } from './open-stream.js'
export type {
  CloseOptions,
  DeadLetterOptions,
  DeadLetterPlace,
  DeadMessage,
  ProcessOptions,
  QueueEvents,
} from './queue-options.js'
export type { DeliveryHandler } from './queue-processing.js'
export { QueueReader } from './queue-reader.js'
export { RegionReader } from './region-reader.js'
export { type ServeOptions, serve } from './serve.js'
export { type BatchOptions, type IterationOptions, type ReaderOptions, StreamReader } from './stream-reader.js'
export type { WriterState } from './writer-watch.js'
