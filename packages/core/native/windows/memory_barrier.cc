// On Windows, every participant publishes with a fence, so a sleeper has nothing to order. FlushProcessWriteBuffers
// would not help: it reaches only the caller's own process.

#include "../memory_barrier.h"

namespace memlane {

bool RegisterForMemoryBarriers() { return false; }

bool GlobalMemoryBarrier() { return true; }

}  // namespace memlane
