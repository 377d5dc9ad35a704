// The lock on slot i is an exclusive flock on the file lease.i in the memory's folder. The kernel drops it with its
// descriptor. (macOS has no public open-file-description locks on bytes, as Linux uses them.)
//
// The owner removes the file before it drops the lock. So a process that has locked a file must check that the file
// still has its name. A killed owner leaves its file. The next owner removes that file, too, because its watchers know
// the file by the killed owner, and makes a new one.
//
// A process that checks a slot takes no lock. So it cannot keep others from claiming the slot, even if it is stopped.

#include "../posix/slot_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "../posix/counted_object.h"
#include "../posix/named.h"
#include "../posix/system_failure.h"
#include "lease_file.h"

namespace memlane {
namespace {

// How often to try again while other processes make or remove the slot's file. Each of them needs microseconds.
constexpr int kAttempts = 500;
constexpr useconds_t kAttemptMicroseconds = 100;

class LocksOnFiles final : public SlotLocks {
 public:
  LocksOnFiles(int object, std::string fifo_folder, std::function<Result<std::shared_ptr<FifoFolder>>()> enter)
      : object_(object), fifo_folder_(std::move(fifo_folder)), enter_(std::move(enter)) {}

  Result<bool> TryLock(uint32_t slot) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (object_ < 0 || own_.count(slot) != 0) return false;
    if ((fcntl(object_, F_GETFL) & O_ACCMODE) == O_RDONLY) return SystemFailure("ACCESS_DENIED", "flock", EBADF);
    const auto entered = enter_();
    if (!entered.ok()) return entered.failure();
    FifoFolder& folder = *entered.value();
    const std::string name = LeaseFileName(slot);
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      if (attempt > 0) usleep(kAttemptMicroseconds);
      auto file = folder.OpenOrMake(name, S_IFREG);
      if (!file.ok()) return file.failure();
      const auto locked = TryFlock(file.value(), LOCK_EX);
      if (!locked.ok()) return locked.failure();
      if (!locked.value()) return false;
      if (!folder.Has(name, file.value())) continue;
      if (!(ReadOwner(file.value()) == LeaseOwner())) {
        folder.Remove(name, file.value());
        continue;
      }
      if (!WriteOwner(file.value())) return SystemFailure("NO_SPACE", "pwrite", errno);
      own_[slot] = {entered.value(), std::move(file.value())};
      return true;
    }
    return SystemFailure("NOT_READY", "flock", EWOULDBLOCK);
  }

  void Unlock(uint32_t slot) override {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto own = own_.find(slot);
    if (own == own_.end()) return;
    GiveBack(slot, own->second);
    own_.erase(own);
  }

  Result<bool> IsLocked(uint32_t slot) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (object_ < 0) return false;
    if (own_.count(slot) != 0) return true;
    const std::string name = LeaseFileName(slot);
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      const auto file = FifoFolder::Peek(object_, fifo_folder_, name);
      if (!file.ok()) return file.failure();
      if (!file.value().valid()) return false;
      const auto locked = HasOwnersLock(file.value());
      if (!locked.ok() || locked.value()) return locked;
      const auto named = IsNamed(file.value().get(), fifo_folder_ + '/' + name);
      if (!named.ok()) return named.failure();
      if (named.value()) return false;
    }
    return true;  // its owners change all the time
  }

  void Close() override {
    std::lock_guard<std::mutex> guard(mutex_);
    object_ = -1;
    for (const auto& [slot, own] : own_) GiveBack(slot, own);
    own_.clear();
  }

 private:
  struct Own {
    std::shared_ptr<FifoFolder> folder;
    Descriptor file;
  };

  static void GiveBack(uint32_t slot, const Own& own) {
    own.folder->Remove(LeaseFileName(slot), own.file);
    // Closing is not enough: a child of this process may share the descriptor until it calls exec.
    flock(own.file.get(), LOCK_UN);
  }

  std::mutex mutex_;
  int object_;
  const std::string fifo_folder_;
  const std::function<Result<std::shared_ptr<FifoFolder>>()> enter_;
  std::map<uint32_t, Own> own_;  // by slot
};

}  // namespace

std::shared_ptr<SlotLocks> MakeSlotLocks(int object, const std::string& fifo_folder,
                                         std::function<Result<std::shared_ptr<FifoFolder>>()> enter) {
  return std::make_shared<LocksOnFiles>(object, fifo_folder, std::move(enter));
}

}  // namespace memlane
