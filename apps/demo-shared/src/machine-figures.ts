import { array, f64, type Infer, struct, u32 } from '@memlane/protocol'

export const MACHINE_FIGURES_NAME = 'Local\\MachineFigures'

/** What the first process sends and the second one shows: all that both must agree on. */
export const MachineFigures = struct('MachineFigures', {
  /** The number of the message in its lane, from 1; goes on when a killed process is started again; wraps at 2^32. */
  sequence: u32,
  /** The process that sends, to which the figures from `memoryResident` on belong. */
  pid: u32,
  /** Milliseconds since 1970. */
  sentAt: f64,
  processors: u32,
  /** Share of the processors' time that was not idle, 0 to 1, lately. */
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
  /** Processor time over time, lately: 1 is one whole processor. */
  processorShare: f64,
  /** Share of the time in which the event loop was not idle, 0 to 1, lately. */
  eventLoopBusy: f64,
})
export type MachineFigures = Infer<typeof MachineFigures>
