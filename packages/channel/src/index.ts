export { Bells } from './bells.js'
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
export { type Awaited, type Bedside, Waiter, type WaitStrategy } from './waiter.js'
