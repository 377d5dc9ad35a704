#include "../posix/slot_locks.h"

#include <errno.h>
#include <fcntl.h>

#include "../posix/system_failure.h"

namespace memlane {
namespace {

struct flock ByteAt(uint32_t slot, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = slot;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<bool> SlotLocks::TryLock(uint32_t slot) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (object_ < 0 || own_.count(slot) != 0) return false;
  struct flock lock = ByteAt(slot, F_WRLCK);
  if (fcntl(object_, F_OFD_SETLK, &lock) != 0) {
    const int error = errno;
    if (error == EAGAIN || error == EACCES) return false;
    return SystemFailure(error == EBADF ? "ACCESS_DENIED" : "SYSTEM", "fcntl(F_OFD_SETLK)", error);
  }
  own_.insert(slot);
  return true;
}

void SlotLocks::Unlock(uint32_t slot) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (own_.erase(slot) == 0) return;
  struct flock lock = ByteAt(slot, F_UNLCK);
  fcntl(object_, F_OFD_SETLK, &lock);
}

Result<bool> SlotLocks::IsLocked(uint32_t slot) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (object_ < 0) return false;
  if (own_.count(slot) != 0) return true;
  // Only a write lock holds a slot, because every reader of the memory can take a read lock. F_OFD_GETLK for a read
  // lock finds only write locks.
  struct flock lock = ByteAt(slot, F_RDLCK);
  if (fcntl(object_, F_OFD_GETLK, &lock) != 0) return SystemFailure("SYSTEM", "fcntl(F_OFD_GETLK)", errno);
  return lock.l_type != F_UNLCK;
}

void SlotLocks::Close() {
  std::lock_guard<std::mutex> guard(mutex_);
  object_ = -1;
  own_.clear();
}

}  // namespace memlane
