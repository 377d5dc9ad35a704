/**
 * A barrier whose whole price the rare side pays. Who publishes stores something, and then looks whether anybody sleeps; who
 * lies down sets its mark, and then looks whether there is something. Each needs its store to be visible before it looks, or
 * both may miss the other. The publisher would pay for that with a fence for every message. So it does without, and the
 * sleeper has the kernel put a fence into whatever runs in the processes that said that they do without.
 */
import { binding } from './binding.js'
import { capabilities } from './capabilities.js'

/** `MEMLANE_MEMBARRIER=off` makes all be as on a kernel without this barrier. */
const switchedOff = process.env.MEMLANE_MEMBARRIER === 'off'

/**
 * Tells whether this process may publish by plain stores, in order, and look for sleepers by plain loads: whether
 * {@link memoryBarrier} reaches it in any process. True only on Linux, x64, from kernel 4.16 on, where no sandbox forbids
 * `membarrier(2)`. If false, a fence belongs between the two.
 */
export const publishesPlainly: boolean =
  !switchedOff && capabilities.storesInOrder && binding.registerForMemoryBarriers()

/**
 * Orders this thread against all processes that publish plainly: what they published before the call is visible to this
 * thread, and whoever of them publishes after it sees what this thread stored before the call. Allocates nothing; takes one
 * system call (1 us), and more where such a process is running (it is interrupted).
 *
 * @returns false when the kernel cannot: look again after a millisecond or two, when what was stored before is long visible
 */
export function memoryBarrier(): boolean {
  return !switchedOff && binding.globalMemoryBarrier()
}
