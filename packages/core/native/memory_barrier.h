// An asymmetric memory barrier: sleepers pay, publishers do not. A publisher uses plain stores, then a plain load to
// check for sleepers; the processor may run that load before the stores are visible. A process that is about to sleep
// makes the kernel order both on every processor where a registered process runs. One implementation per folder:
// linux/memory_barrier.cc, macos/memory_barrier.cc, windows/memory_barrier.cc.
#pragma once

namespace memlane {

// Registers this process, so that barriers reach it. The first call in a process asks the kernel, which may take some
// milliseconds. False if this system has no such barriers: then a publisher needs its own fence.
bool RegisterForMemoryBarriers();

// Returns after every running thread of every registered process has passed a full barrier. (A thread that does not run
// has passed one.) The caller sees everything that they stored before, and they see everything that the caller stored
// before. False if the kernel refuses. True also if no process can register.
bool GlobalMemoryBarrier();

}  // namespace memlane
