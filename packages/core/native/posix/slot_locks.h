// The locks on the slots of a memory, as one segment sees them. Slot i belongs to the segment that has the lock. The
// kernel drops the lock when the segment's process dies. One implementation per system: linux/slot_locks.cc,
// macos/slot_locks.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "../result.h"
#include "fifo_folder.h"

namespace memlane {

// Any thread may use it, also after the segment was closed. A closed segment has no slot.
class SlotLocks {
 public:
  virtual ~SlotLocks() = default;

  // False if a segment has the slot, this one included. ACCESS_DENIED if the segment may only read.
  virtual Result<bool> TryLock(uint32_t slot) = 0;
  virtual void Unlock(uint32_t slot) = 0;
  // Whether any segment has the slot, this one included.
  virtual Result<bool> IsLocked(uint32_t slot) = 0;
  // The segment's descriptor is about to be closed, and its locks with it.
  virtual void Close() = 0;
};

// `object`: the segment's descriptor. `fifo_folder`: the path of the memory's folder. `enter`: enters the folder.
std::shared_ptr<SlotLocks> MakeSlotLocks(int object, const std::string& fifo_folder,
                                         std::function<Result<std::shared_ptr<FifoFolder>>()> enter);

}  // namespace memlane
