// Slot i belongs to the segment that has the lock on it (slot_locks.cc). The owner also keeps the FIFO lease.i in the
// memory's folder open for writing, as its only writer. When the owner ends in any way, the kernel reports a hang-up to
// all readers, which wait for that.
//
// Only an owner opens a FIFO for writing, and each owner makes a new FIFO: if owners shared one, its readers would get
// no hang-up while the next owner has it open. An owner that releases the slot removes its FIFO while it still has the
// lock. So it cannot remove the FIFO of its successor.

#include "../lease.h"

#include <sys/stat.h>

#include "../posix/fifo_folder.h"
#include "../posix/segment.h"
#include "../posix/slot_locks.h"
#include "lease_fifo.h"
#include "lock_holder.h"

namespace memlane {
namespace {

class LinuxLease final : public Lease {
 public:
  LinuxLease(std::shared_ptr<SlotLocks> locks, std::shared_ptr<FifoFolder> folder, uint32_t slot, Descriptor fifo)
      : locks_(std::move(locks)), folder_(std::move(folder)), slot_(slot), fifo_(std::move(fifo)) {}
  ~LinuxLease() override {
    folder_->Remove(LeaseFifoName(slot_), fifo_);
    locks_->Unlock(slot_);
  }

 private:
  const std::shared_ptr<SlotLocks> locks_;
  const std::shared_ptr<FifoFolder> folder_;
  const uint32_t slot_;
  const Descriptor fifo_;  // closed last: a waiter that wakes up then finds the slot free
};

Result<std::unique_ptr<Lease>> Take(const Segment& segment, std::shared_ptr<SlotLocks> locks, uint32_t slot) {
  auto folder = FifoFolderOf(segment);
  if (!folder.ok()) return folder.failure();
  auto fifo = folder.value()->Replace(LeaseFifoName(slot));
  if (!fifo.ok()) return fifo.failure();
  return std::unique_ptr<Lease>(
      new LinuxLease(std::move(locks), std::move(folder.value()), slot, std::move(fifo.value())));
}

}  // namespace

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  const auto locks = SlotLocksOf(segment);
  const auto locked = locks->TryLock(slot);
  if (!locked.ok()) return locked.failure();
  if (!locked.value()) return std::unique_ptr<Lease>();
  auto lease = Take(segment, locks, slot);
  if (!lease.ok()) locks->Unlock(slot);
  return lease;
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) { return SlotLocksOf(segment)->IsLocked(slot); }

std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot) {
  struct stat status;
  if (fstat(static_cast<int>(segment.handle()), &status) != 0) return std::nullopt;
  return FindLockHolder(status, slot);
}

}  // namespace memlane
