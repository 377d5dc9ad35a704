// Nobody publishes by plain stores here, so there is nothing to order. FlushProcessWriteBuffers would not do: it
// reaches the caller's own process alone.

#include "../memory_barrier.h"

namespace memlane {

bool RegisterForMemoryBarriers() { return false; }

bool GlobalMemoryBarrier() { return true; }

}  // namespace memlane
