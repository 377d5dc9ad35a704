#include "lease_file.h"

#include <time.h>
#include <unistd.h>

#include <atomic>

namespace memlane {

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
