import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os'
import type { MachineFigures } from '@memlane/demo-shared/machine-figures'

/** Reads the figures of this machine and of this process. Shares refer to the time since the previous reading. */
export class MachineMeter {
  #at = performance.now()
  #processors = processorTimes()
  #processorsBusy = 0
  #usage = process.cpuUsage()
  #eventLoop = performance.eventLoopUtilization()

  read(): Omit<MachineFigures, 'sequence'> {
    const now = performance.now()
    const { rss, heapUsed } = process.memoryUsage()
    const usage = process.cpuUsage()
    const eventLoop = performance.eventLoopUtilization()
    const figures = {
      pid: process.pid,
      sentAt: Date.now(),
      ...this.#readProcessors(),
      load: loadavg(),
      memoryTotal: totalmem(),
      memoryFree: freemem(),
      uptime: uptime(),
      memoryResident: rss,
      heapUsed,
      processorShare: (usage.user + usage.system - this.#usage.user - this.#usage.system) / 1000 / (now - this.#at),
      eventLoopBusy: performance.eventLoopUtilization(eventLoop, this.#eventLoop).utilization,
    }
    this.#at = now
    this.#usage = usage
    this.#eventLoop = eventLoop
    return figures
  }

  #readProcessors() {
    const times = processorTimes()
    const total = times.total - this.#processors.total
    if (total > 0) {
      // the system counts in ticks of some milliseconds: between two ticks, the last share is kept
      this.#processorsBusy = 1 - (times.idle - this.#processors.idle) / total
      this.#processors = times
    }
    return { processors: times.processors, processorsBusy: this.#processorsBusy }
  }
}

/** Returns the CPU times of all processors together, in milliseconds. */
function processorTimes() {
  const times = cpus().map((processor) => processor.times)
  const idle = times.reduce((sum, { idle }) => sum + idle, 0)
  const total = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { processors: times.length, idle, total }
}
