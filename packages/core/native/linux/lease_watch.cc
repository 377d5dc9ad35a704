// A watch has the FIFO of the lease open for reading (lease.cc). The kernel reports a hang-up when the owner ends.

#include "../posix/lease_watch.h"

#include <fcntl.h>

#include "../posix/fifo.h"
#include "lease_fifo.h"

namespace memlane {
namespace {

// No descriptor if the FIFO is missing, cannot be opened, or has no writer: then no hang-up would follow.
Descriptor OpenLease(FifoFolder& folder, uint32_t slot) {
  auto lease = folder.Open(LeaseFifoName(slot), O_RDONLY);
  if (!lease.ok() || !lease.value().valid() || !HasWriter(lease.value())) return Descriptor();
  return std::move(lease.value());
}

class FifoWatch final : public LeaseWatch {
 public:
  FifoWatch(std::shared_ptr<FifoFolder> folder, std::shared_ptr<SlotLocks> locks, uint32_t slot)
      : folder_(std::move(folder)), locks_(std::move(locks)), slot_(slot), fifo_(OpenLease(*folder_, slot)) {}

  bool ReportTo(EventSet& events, uint64_t tag) override { return fifo_.valid() && !events.AddLease(fifo_, tag); }
  void StopReporting(EventSet& events, uint64_t) override { events.RemoveLease(fifo_); }

  // A FIFO with a writer is a new owner's.
  bool HasEnded() override {
    const auto held = locks_->IsLocked(slot_);
    return !held.ok() || !held.value() || OpenLease(*folder_, slot_).valid();
  }

 private:
  const std::shared_ptr<FifoFolder> folder_;
  const std::shared_ptr<SlotLocks> locks_;
  const uint32_t slot_;
  const Descriptor fifo_;
};

}  // namespace

Result<std::unique_ptr<LeaseWatch>> WatchLease(std::shared_ptr<FifoFolder> folder, std::shared_ptr<SlotLocks> locks,
                                               uint32_t slot) {
  const auto held = locks->IsLocked(slot);
  if (!held.ok()) return held.failure();
  if (!held.value()) return std::unique_ptr<LeaseWatch>();
  return std::unique_ptr<LeaseWatch>(new FifoWatch(std::move(folder), std::move(locks), slot));
}

}  // namespace memlane
