import { performance } from 'node:perf_hooks'

/** Uses the CPU for some microseconds. */
export function work(us: number): void {
  const end = performance.now() + us / 1000
  while (performance.now() < end);
}
