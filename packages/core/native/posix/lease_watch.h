// Watches one lease for its end. One implementation per system: linux/lease_watch.cc, macos/lease_watch.cc.
#pragma once

#include <cstdint>
#include <memory>

#include "../result.h"
#include "event_set.h"
#include "fifo_folder.h"
#include "slot_locks.h"

namespace memlane {

class LeaseWatch {
 public:
  virtual ~LeaseWatch() = default;

  // Adds an event when the lease may have ended; also if it has ended already. False if the lease cannot report its
  // end: its owner is claiming or releasing it, or another program has removed its file.
  virtual bool ReportTo(EventSet& events, uint64_t tag) = 0;
  virtual void StopReporting(EventSet& events, uint64_t tag) = 0;

  // Whether the lease has ended: the slot is free, or has a new owner. Call it only while the lease does not report.
  virtual bool HasEnded() = 0;
};

// A null pointer if no segment has the slot.
Result<std::unique_ptr<LeaseWatch>> WatchLease(std::shared_ptr<FifoFolder> folder, std::shared_ptr<SlotLocks> locks,
                                               uint32_t slot);

}  // namespace memlane
