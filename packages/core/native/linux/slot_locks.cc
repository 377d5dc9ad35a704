// The lock on slot i is an open-file-description write lock on byte i of the memory's own file. No process can take it
// away by removing files, and the kernel drops it with the segment's descriptor. (Never use plain F_SETLK: closing any
// descriptor of the file would drop the lock.)
//
// For the kernel, one segment is one owner, and a lock never conflicts with other locks of the same owner. So each
// segment also remembers its own slots.

#include "../posix/slot_locks.h"

#include <errno.h>
#include <fcntl.h>

#include <mutex>
#include <set>

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

class LocksOnBytes final : public SlotLocks {
 public:
  explicit LocksOnBytes(int object) : object_(object) {}

  Result<bool> TryLock(uint32_t slot) override {
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

  void Unlock(uint32_t slot) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (own_.erase(slot) == 0) return;
    struct flock lock = ByteAt(slot, F_UNLCK);
    fcntl(object_, F_OFD_SETLK, &lock);
  }

  Result<bool> IsLocked(uint32_t slot) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (object_ < 0) return false;
    if (own_.count(slot) != 0) return true;
    // Only a write lock holds a slot, because every reader of the memory can take a read lock. F_OFD_GETLK for a read
    // lock finds only write locks.
    struct flock lock = ByteAt(slot, F_RDLCK);
    if (fcntl(object_, F_OFD_GETLK, &lock) != 0) return SystemFailure("SYSTEM", "fcntl(F_OFD_GETLK)", errno);
    return lock.l_type != F_UNLCK;
  }

  void Close() override {
    std::lock_guard<std::mutex> guard(mutex_);
    object_ = -1;
    own_.clear();
  }

 private:
  std::mutex mutex_;
  int object_;
  std::set<uint32_t> own_;
};

}  // namespace

std::shared_ptr<SlotLocks> MakeSlotLocks(int object, const std::string&,
                                         std::function<Result<std::shared_ptr<FifoFolder>>()>) {
  return std::make_shared<LocksOnBytes>(object);
}

}  // namespace memlane
