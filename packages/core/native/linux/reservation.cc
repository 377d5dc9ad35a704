#include "../posix/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "../posix/object_path.h"
#include "../posix/system_failure.h"
#include "cgroup.h"

namespace memlane {
namespace {

// A file system without a limit reports no blocks at all.
uint64_t FreeBytes() {
  struct statvfs status;
  if (statvfs(kDirectory, &status) != 0 || status.f_blocks == 0) return UINT64_MAX;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

// Bytes that a file of this process may have.
uint64_t FileSizeLimit() {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

// Cgroup limits are read only for this length (bytes) and more. Reading them takes about 100 us: too long for small
// memory.
constexpr uint64_t kLookedUpLength = 1 << 20;

// Checks limits for which the kernel returns no error. If a cgroup has no room for the pages, the kernel kills a
// process of the group. If the file becomes longer than RLIMIT_FSIZE, the kernel sends SIGXFSZ.
std::optional<Failure> CheckLimits(const char* syscall, uint64_t length, uint64_t file_length) {
  const auto refuse = [&](const char* limit, int error, uint64_t available) {
    Failure failure = SystemFailure("NO_SPACE", syscall, error);
    failure.requested = length;
    failure.available = available;
    failure.limit = limit;
    return failure;
  };
  const uint64_t file_limit = FileSizeLimit();
  if (file_length > file_limit) return refuse("RLIMIT_FSIZE", EFBIG, file_limit);
  if (length < kLookedUpLength) return std::nullopt;
  const uint64_t available = FreeInCgroups();
  // The kernel needs some more to keep track of the pages.
  if (length > available - std::min(available, length / 64)) return refuse("cgroup", ENOMEM, available);
  return std::nullopt;
}

}  // namespace

Failure ReservationFailure(const char* syscall, int error, uint64_t length) {
  const bool no_space = error == ENOSPC || error == ENOMEM || error == EFBIG || error == EDQUOT;
  Failure failure = SystemFailure(no_space ? "NO_SPACE" : "SYSTEM", syscall, error);
  failure.requested = length;
  failure.available = FreeBytes();
  return failure;
}

std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length) {
  // Without this check, the kernel would first fill all free memory, and only then report ENOSPC.
  if (length > FreeBytes()) return ReservationFailure("posix_fallocate", ENOSPC, length);
  if (auto failure = CheckLimits("posix_fallocate", length, length)) return failure;
  int error;
  do {
    error = posix_fallocate(descriptor.get(), 0, static_cast<off_t>(length));
  } while (error == EINTR);
  if (error == 0) return std::nullopt;
  return ReservationFailure("posix_fallocate", error, length);
}

std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length) {
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  const uint64_t backed = std::min(size, static_cast<uint64_t>(status.st_blocks) * 512);
  if (auto failure = CheckLimits("fallocate", std::min(length, size - backed), offset + length)) return failure;
  int error;
  do {
    error =
        fallocate(descriptor.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0
            ? 0
            : errno;
  } while (error == EINTR);
  if (error == 0 || error == EOPNOTSUPP) return std::nullopt;
  return ReservationFailure("fallocate", error, length);
}

}  // namespace memlane
