#include "lease_file.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "../posix/system_failure.h"

namespace memlane {

// F_GETLK finds what is in the way of a lock of fcntl: the locks of flock, too. Only an exclusive one is in the way of
// a shared one.
Result<bool> HasOwnersLock(const Descriptor& file) {
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(file.get(), F_GETLK, &lock) != 0) return SystemFailure("SYSTEM", "fcntl(F_GETLK)", errno);
  return lock.l_type != F_UNLCK;
}

bool WriteOwner(const Descriptor& file) {
  static std::atomic<uint64_t> count = 0;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  LeaseOwner owner;
  owner.pid = static_cast<uint64_t>(getpid());
  owner.time_ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  owner.count = ++count;
  return pwrite(file.get(), &owner, sizeof owner, 0) == sizeof owner;
}

LeaseOwner ReadOwner(const Descriptor& file) {
  LeaseOwner owner;
  if (pread(file.get(), &owner, sizeof owner, 0) != sizeof owner) return LeaseOwner();
  return owner;
}

}  // namespace memlane
