// Slot i belongs to the segment that has the lock on it (slot_locks.cc).

#include "../lease.h"

#include <sys/file.h>

#include "../posix/counted_object.h"
#include "../posix/segment.h"
#include "../posix/slot_locks.h"
#include "lease_file.h"

namespace memlane {
namespace {

class FileLease final : public Lease {
 public:
  FileLease(std::shared_ptr<SlotLocks> locks, uint32_t slot) : locks_(std::move(locks)), slot_(slot) {}
  ~FileLease() override { locks_->Unlock(slot_); }

 private:
  const std::shared_ptr<SlotLocks> locks_;
  const uint32_t slot_;
};

}  // namespace

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  auto locks = SlotLocksOf(segment);
  const auto locked = locks->TryLock(slot);
  if (!locked.ok()) return locked.failure();
  if (!locked.value()) return std::unique_ptr<Lease>();
  return std::unique_ptr<Lease>(new FileLease(std::move(locks), slot));
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) { return SlotLocksOf(segment)->IsLocked(slot); }

std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot) {
  const auto held = IsLeased(segment, slot);
  if (!held.ok() || !held.value()) return std::nullopt;
  const auto file =
      FifoFolder::Peek(static_cast<int>(segment.handle()), FifoFolderPathOf(segment), LeaseFileName(slot));
  if (!file.ok() || !file.value().valid()) return std::nullopt;
  const LeaseOwner owner = ReadOwner(file.value());
  if (owner.pid == 0) return std::nullopt;
  return static_cast<uint32_t>(owner.pid);
}

}  // namespace memlane
