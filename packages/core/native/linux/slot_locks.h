// Who has which slot: slot i of a memory belongs to the segment that has an open-file-description write lock on byte i
// of the memory's own file. Nobody can take that away by removing files, and the kernel drops it with the segment's
// descriptor. (Never plain F_SETLK: closing any descriptor of the file would drop it.)
//
// To the kernel one segment is one owner, which its own locks never refuse. So each segment also remembers its slots.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "../result.h"

namespace memlane {

// Those of one segment. May be used from any thread, and after the segment was closed: then it has no slot.
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
