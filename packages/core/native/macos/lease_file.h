// The file of a lease in the memory's folder. The owner of the slot has an exclusive flock on it, and has written into
// it who the owner is.
#pragma once

#include <cstdint>
#include <string>

#include "../posix/descriptor.h"
#include "../result.h"

namespace memlane {

inline std::string LeaseFileName(uint32_t slot) { return "lease." + std::to_string(slot); }

// Whether the slot's owner has its lock on the file. Takes no lock itself.
Result<bool> HasOwnersLock(const Descriptor& file);

// No two claims have the same owner. All zero: the owner has not written yet.
struct LeaseOwner {
  uint64_t pid = 0;
  uint64_t time_ns = 0;  // of the claim
  uint64_t count = 0;    // of the claims of that process

  bool operator==(const LeaseOwner& other) const {
    return pid == other.pid && time_ns == other.time_ns && count == other.count;
  }
};

// False, with errno, if there is no room on the disk.
bool WriteOwner(const Descriptor& file);

LeaseOwner ReadOwner(const Descriptor& file);

}  // namespace memlane
