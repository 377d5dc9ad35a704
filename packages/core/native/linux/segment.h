// What bells and leases need of a segment.
#pragma once

#include <memory>

#include "../shared_memory.h"
#include "fifo_folder.h"
#include "slot_locks.h"

namespace memlane {

std::shared_ptr<SlotLocks> SlotLocksOf(const Segment& segment);

// Entered with the first bell or lease.
Result<std::shared_ptr<FifoFolder>> FifoFolderOf(const Segment& segment);

}  // namespace memlane
