// macOS cannot run a barrier in other processes. Every participant publishes with a fence, so a sleeper has nothing to
// order.

#include "../memory_barrier.h"

namespace memlane {

bool RegisterForMemoryBarriers() { return false; }

bool GlobalMemoryBarrier() { return true; }

}  // namespace memlane
