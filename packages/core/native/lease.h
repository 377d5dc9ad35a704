// A claim to slot i of an object. The kernel decides who gets the claim, and drops it when its owner dies. So there is
// no registration to forget, no reused pid, and no heartbeat. One implementation per folder: linux/lease.cc,
// macos/lease.cc, windows/lease.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "result.h"
#include "shared_memory.h"

namespace memlane {

// Destroying it gives the slot back, and wakes the doorbells that watch the slot (doorbell.h).
class Lease {
 public:
  virtual ~Lease() = default;
};

// The claim, or a null pointer if a segment has the slot or is claiming it (on Windows also at the moment when a
// process checks the slot). NOT_READY: other processes are still removing the object's folder after 250 ms (POSIX), or
// replacing the slot's file after 50 ms (macOS). Several threads may claim through one segment.
Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot);

// Whether a living handle has the slot.
Result<bool> IsLeased(const Segment& segment, uint32_t slot);

// The process that holds the slot's lease, if the system shows it. None if no process holds it, or if this process has
// no right to see the holder. Can take milliseconds: use it only for messages to people.
std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot);

}  // namespace memlane
