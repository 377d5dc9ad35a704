import { array, f64, type Infer, struct, u32 } from '@memlane/protocol'

/** The shapes that carry the figures, with the default name of each. */
export const FIGURES_NAMES = {
  stream: 'Local\\MachineFigures',
  latest: 'Local\\LatestFigures',
  queue: 'Local\\QueuedFigures',
  call: 'Local\\CalledFigures',
} as const
export type FiguresShape = keyof typeof FIGURES_NAMES

/** The messages, values or answers of the first process, which the second one shows. Both must use this layout. */
export const MachineFigures = struct('MachineFigures', {
  /**
   * The number of the message in its lane, or of the value, from 1: a restarted process continues the count. Or the number in its answer.
   * Wraps at 2^32.
   */
  sequence: u32,
  /** The process that sends. The figures from `memoryResident` on are those of this process. */
  pid: u32,
  /** Milliseconds since 1970. */
  sentAt: f64,
  processors: u32,
  /** Share of the CPU time that was not idle since the last message, 0 to 1. */
  processorsBusy: f64,
  /** Averages over 1, 5 and 15 minutes; zeros on Windows. */
  load: array(f64, 3),
  /** Bytes. */
  memoryTotal: f64,
  memoryFree: f64,
  /** Seconds since the machine started. */
  uptime: f64,
  /** Bytes. */
  memoryResident: f64,
  heapUsed: f64,
  /** CPU time of the process per elapsed time, since the last message: 1 is one whole CPU. */
  processorShare: f64,
  /** Share of the time in which the event loop was not idle, since the last message, 0 to 1. */
  eventLoopBusy: f64,
})
export type MachineFigures = Infer<typeof MachineFigures>
