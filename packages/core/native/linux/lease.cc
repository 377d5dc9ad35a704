// Slot i of the object /X belongs to whoever holds an open-file-description lock on the FIFO /dev/shm/X.lease.i. The
// lock tells who has the slot; that it is a FIFO wakes those who wait for its end: the owner's descriptor is the FIFO's
// one writer, and when that goes, the kernel first drops its locks, and then hangs up on the readers.
//
// So nobody but the owner may open a FIFO for writing, not even for the moment of a failed claim. Hence every claim
// makes a FIFO of its own, complete with lock, and renames it over the last owner's; those who look meanwhile see one
// or the other. Between looking at the old one and renaming, a claimer holds a lock on byte i of the object, which
// keeps other claimers out.
//
// An owner that lets go removes its FIFO while it still has the lock, so that nobody else's can be there by then.
//
// Open-file-description locks go with the last descriptor of their handle. Never plain F_SETLK: closing any descriptor
// of the file would drop it.

#include "../lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fifo.h"
#include "lease_fifo.h"
#include "lock_holder.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

struct flock ByteAt(uint32_t offset, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

// False when another handle has locked it.
Result<bool> TryLock(int fd, uint32_t offset) {
  struct flock lock = ByteAt(offset, F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return true;
  const int error = errno;
  if (error == EAGAIN || error == EACCES) return false;
  return SystemFailure(error == EBADF ? "ACCESS_DENIED" : "SYSTEM", "fcntl(F_OFD_SETLK)", error);
}

// At once, also while a child of this process that has not yet exec'ed shares the descriptor.
void Unlock(int fd, uint32_t offset) {
  struct flock lock = ByteAt(offset, F_UNLCK);
  fcntl(fd, F_OFD_SETLK, &lock);
}

class LinuxLease final : public Lease {
 public:
  LinuxLease(std::string path, Descriptor fifo) : path_(std::move(path)), fifo_(std::move(fifo)) {}
  ~LinuxLease() override {
    // The object may have lost its name, and another one have it.
    const auto named = IsNamed(fifo_.get(), path_);
    if (named.ok() && named.value()) unlink(path_.c_str());
    Unlock(fifo_.get(), 0);
  }

 private:
  const std::string path_;
  Descriptor fifo_;
};

// The caller alone is claiming, and has seen the slot free.
Result<std::unique_ptr<Lease>> Take(const std::string& path, const Admission& admission) {
  unlink((path + kUnfinishedSuffix).c_str());  // of a claimer that was killed
  auto made = MakeFifo(path, admission);
  if (!made.ok()) return made.failure();
  Descriptor fifo = std::move(made.value().descriptor);
  auto locked = TryLock(fifo.get(), 0);
  const bool renamed = locked.ok() && locked.value() && rename(made.value().path.c_str(), path.c_str()) == 0;
  if (!renamed) {
    const int error = errno;
    unlink(made.value().path.c_str());
    if (!locked.ok()) return locked.failure();
    if (!locked.value()) return std::unique_ptr<Lease>();
    const Failure failure = SystemFailure("SYSTEM", "rename", error);
    if (error != EPERM && error != EACCES) return failure;
    // /dev/shm lets nobody replace another user's file: then take that one. Who still watches its last owner hears of
    // the end of this claim.
    auto theirs = OpenFifo(path, O_RDWR, admission);
    if (!theirs.ok()) return theirs.failure();
    if (!theirs.value().valid()) return failure;
    fifo = std::move(theirs.value());
    locked = TryLock(fifo.get(), 0);
    if (!locked.ok()) return locked.failure();
    if (!locked.value()) return std::unique_ptr<Lease>();
  }
  return std::unique_ptr<Lease>(new LinuxLease(path, std::move(fifo)));
}

}  // namespace

Result<Descriptor> OpenHeldLease(const std::string& object_path, uint32_t slot, const Admission& admission) {
  auto fifo = OpenFifo(LeasePath(object_path, slot), O_RDONLY, admission);
  if (!fifo.ok() || !fifo.value().valid()) return fifo;
  struct flock lock = ByteAt(0, F_WRLCK);
  if (fcntl(fifo.value().get(), F_OFD_GETLK, &lock) != 0) return SystemFailure("SYSTEM", "fcntl(F_OFD_GETLK)", errno);
  if (lock.l_type == F_UNLCK) return Descriptor();
  return fifo;
}

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  const int object = static_cast<int>(segment.handle());
  const std::string& path = segment.path();
  if (auto failure = NeedName(object, path)) return *failure;
  const auto admission = AdmissionTo(object);
  if (!admission.ok()) return admission.failure();
  // Looked at first without the byte: who only finds the slot taken is in nobody's way.
  auto leased = IsLeased(segment, slot);
  if (!leased.ok()) return leased.failure();
  if (leased.value()) return std::unique_ptr<Lease>();
  auto alone = TryLock(object, slot);
  if (!alone.ok()) return alone.failure();
  if (!alone.value()) return std::unique_ptr<Lease>();

  Result<std::unique_ptr<Lease>> claim = std::unique_ptr<Lease>();
  leased = IsLeased(segment, slot);
  if (!leased.ok()) {
    claim = leased.failure();
  } else if (!leased.value()) {
    claim = Take(LeasePath(path, slot), admission.value());
  }
  Unlock(object, slot);
  return claim;
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) {
  const auto admission = AdmissionTo(static_cast<int>(segment.handle()));
  if (!admission.ok()) return admission.failure();
  const auto held = OpenHeldLease(segment.path(), slot, admission.value());
  if (!held.ok()) return held.failure();
  return held.value().valid();
}

std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot) {
  struct stat status;
  if (lstat(LeasePath(PathOf(segment.name()), slot).c_str(), &status) != 0) return std::nullopt;
  return FindLockHolder(status, 0);
}

}  // namespace memlane
