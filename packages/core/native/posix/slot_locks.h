// Slot i of a memory belongs to the segment that has an open-file-description write lock on byte i of the memory's own
// file. No process can take the lock away by removing files, and the kernel drops it with the segment's descriptor.
// (Never use plain F_SETLK: closing any descriptor of the file would drop the lock.)
//
// For the kernel, one segment is one owner, and a lock never conflicts with other locks of the same owner. So each
// segment also remembers its own slots.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "../result.h"

namespace memlane {

// The slot locks of one segment. Any thread may use it, also after the segment was closed. A closed segment has no
// slot.
class SlotLocks {
 public:
  explicit SlotLocks(int object) : object_(object) {}

  // False if a segment has the slot, this one included. ACCESS_DENIED if the segment may only read.
  Result<bool> TryLock(uint32_t slot);
  void Unlock(uint32_t slot);
  // Whether any segment has the slot, this one included.
  Result<bool> IsLocked(uint32_t slot);
  // The segment's descriptor is about to be closed, and its locks with it.
  void Close();

 private:
  std::mutex mutex_;
  int object_;
  std::set<uint32_t> own_;
};

}  // namespace memlane
