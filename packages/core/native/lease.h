// A claim to slot i of an object that the kernel arbitrates, and drops when its owner dies: no registration to forget,
// no pid to be reused, no heartbeat. One implementation per folder: linux/lease.cc, windows/lease.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "result.h"
#include "shared_memory.h"

namespace memlane {

// Destroying it gives the slot back, and wakes who watches it (doorbell.h).
class Lease {
 public:
  virtual ~Lease() = default;
};

// The claim, or a null pointer when somebody has it or is just claiming it (on Windows also while somebody just asks).
// NOT_FOUND: the object has lost its name (Linux). Threads that claim at the same time each need a segment of their
// own: to Linux' locks one segment is one claimer.
Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot);

// Whether a living handle has the slot.
Result<bool> IsLeased(const Segment& segment, uint32_t slot);

// The process that holds the slot's lease, where the system tells. None if nobody holds it, or if this process may not
// look. May take milliseconds: only for messages to people.
std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot);

}  // namespace memlane
