/**
 * An asymmetric memory barrier: sleepers pay, publishers do not. A publisher stores a message, then loads the mark of
 * sleepers. A sleeper stores its mark, then loads the position of messages. Each store must be visible before the load that
 * follows it, or both sides may miss each other. A fence per message would ensure that, but would slow the publisher. Instead,
 * publishers use plain stores, and a sleeper makes the kernel run a fence on every processor where a registered process runs.
 */
import { binding } from './binding.js'
import { capabilities } from './capabilities.js'

/** `MEMLANE_MEMBARRIER=off` makes this process behave as on a kernel without this barrier. */
const switchedOff = process.env.MEMLANE_MEMBARRIER === 'off'

/**
 * True if this process may publish with plain stores and check for sleepers with plain loads, because {@link memoryBarrier}
 * in any process reaches it. That needs Linux on x64, kernel 4.16, and no sandbox that forbids `membarrier(2)`. If false, the
 * publisher needs a fence between the two.
 */
export const publishesPlainly: boolean =
  !switchedOff && capabilities.storesInOrder && binding.registerForMemoryBarriers()

/**
 * Orders this thread against all processes that publish plainly. After the call, this thread sees everything that they
 * published before it, and they see everything that this thread stored before it. Allocates nothing. Takes one system call
 * (1 us), and longer if such a process is running, because the kernel interrupts it.
 *
 * @returns false if the kernel cannot do it. Then the caller must check again after a millisecond: earlier stores are visible
 * by then
 */
export function memoryBarrier(): boolean {
  return !switchedOff && binding.globalMemoryBarrier()
}
