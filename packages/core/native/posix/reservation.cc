#include "reservation.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "system_failure.h"

namespace memlane {

// A file system without a limit reports no blocks at all.
uint64_t FreeBytes(const std::string& folder) {
  struct statvfs status;
  if (statvfs(folder.c_str(), &status) != 0 || status.f_blocks == 0) return UINT64_MAX;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

Failure ReservationFailure(const char* syscall, int error, uint64_t length, const std::string& folder) {
  const bool no_space = error == ENOSPC || error == ENOMEM || error == EFBIG || error == EDQUOT;
  Failure failure = SystemFailure(no_space ? "NO_SPACE" : "SYSTEM", syscall, error);
  failure.requested = length;
  failure.available = FreeBytes(folder);
  return failure;
}

Failure LimitFailure(const char* syscall, int error, uint64_t length, const char* limit, uint64_t available) {
  Failure failure = SystemFailure("NO_SPACE", syscall, error);
  failure.requested = length;
  failure.available = available;
  failure.limit = limit;
  return failure;
}

std::optional<Failure> CheckFileSizeLimit(const char* syscall, uint64_t length, uint64_t file_length) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  if (file_length <= limit.rlim_cur) return std::nullopt;
  return LimitFailure(syscall, EFBIG, length, "RLIMIT_FSIZE", limit.rlim_cur);
}

}  // namespace memlane
