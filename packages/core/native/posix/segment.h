// The parts of a segment that bells and leases use.
#pragma once

#include <memory>
#include <string>

#include "../shared_memory.h"
#include "fifo_folder.h"
#include "slot_locks.h"

namespace memlane {

std::shared_ptr<SlotLocks> SlotLocksOf(const Segment& segment);

// The first bell or lease enters the folder.
Result<std::shared_ptr<FifoFolder>> FifoFolderOf(const Segment& segment);

// The path of the folder, whether it exists or not.
const std::string& FifoFolderPathOf(const Segment& segment);

}  // namespace memlane
