// A watch has the file of the lease open. The kqueue reports that the file is unlocked: the owner has released it or
// has ended, or a process that claimed the slot gave up. So the file itself tells: it has no lock any more, or another
// owner has written into it.

#include "../posix/lease_watch.h"

#include <fcntl.h>

#include "lease_file.h"

namespace memlane {
namespace {

class FileWatch final : public LeaseWatch {
 public:
  FileWatch(std::shared_ptr<SlotLocks> locks, uint32_t slot, Descriptor file)
      : locks_(std::move(locks)), slot_(slot), file_(std::move(file)), owner_(ReadOwner(file_)) {}

  bool ReportTo(EventSet& events, uint64_t tag) override {
    const bool is_being_claimed = owner_ == LeaseOwner();
    if (is_being_claimed || events.AddLease(file_, tag)) return false;
    // The lease may have ended before the kqueue knew the file.
    if (HasEnded()) events.SetTimer(tag, 0);
    return true;
  }

  void StopReporting(EventSet& events, uint64_t tag) override {
    events.RemoveLease(file_);
    events.StopTimer(tag);
  }

  bool HasEnded() override {
    if (!file_.valid()) {
      const auto held = locks_->IsLocked(slot_);
      return !held.ok() || !held.value();
    }
    const auto locked = HasOwnersLock(file_);
    return !locked.ok() || !locked.value() || !(ReadOwner(file_) == owner_);
  }

 private:
  const std::shared_ptr<SlotLocks> locks_;
  const uint32_t slot_;
  const Descriptor file_;  // invalid if another program has removed it
  const LeaseOwner owner_;
};

}  // namespace

Result<std::unique_ptr<LeaseWatch>> WatchLease(std::shared_ptr<FifoFolder> folder, std::shared_ptr<SlotLocks> locks,
                                               uint32_t slot) {
  // Opens the file first. So if the owner of that file ends and another process claims the slot before the check, the
  // watch reports an end.
  auto file = folder->Open(LeaseFileName(slot), O_RDONLY, S_IFREG);
  if (!file.ok()) return file.failure();
  const auto held = locks->IsLocked(slot);
  if (!held.ok()) return held.failure();
  if (!held.value()) return std::unique_ptr<LeaseWatch>();
  return std::unique_ptr<LeaseWatch>(new FileWatch(std::move(locks), slot, std::move(file.value())));
}

}  // namespace memlane
