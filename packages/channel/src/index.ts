export { Bells } from './bells.js'
export { type ChannelErrorCode, channelErrorCodes } from './errors.js'
export type { RegionMemory } from './region-memory.js'
export { Rounds } from './rounds.js'
export { evictIfDead, type Seat, takeConsumerSeat, takeProducerSeat } from './seat.js'
export {
  type ChannelOpenOptions,
  type CreateChannelOptions,
  explain,
  StreamChannel,
  type StreamOptions,
  streamError,
} from './stream-channel.js'
export { type Awaited, type Bedside, type StreamWaitOptions, Waiter, type WaitStrategy } from './waiter.js'
