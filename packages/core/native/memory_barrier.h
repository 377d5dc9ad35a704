// A memory barrier whose whole price the rare side pays. Who publishes often does so by plain stores, and then looks by
// a plain load whether anybody sleeps; the processor may take that look before the stores are visible. Who is about to
// sleep has the kernel order both on every processor where a registered process runs. One implementation per folder:
// linux/memory_barrier.cc, windows/memory_barrier.cc.
#pragma once

namespace memlane {

// Makes this process one that barriers reach. The kernel is asked once in the life of the process, by whichever thread
// comes first, and may take some milliseconds for it. False: there are no such barriers here, and who publishes needs a
// fence of its own.
bool RegisterForMemoryBarriers();

// Returns when every running thread of every registered process has passed a full barrier; threads that do not run
// have. What they stored before is visible to the caller, and what they load from now on shows what the caller stored
// before. False: the kernel refuses. True also where nobody can be registered.
bool GlobalMemoryBarrier();

}  // namespace memlane
