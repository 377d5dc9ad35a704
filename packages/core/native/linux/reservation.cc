#include "reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

// A file system without a limit reports no blocks at all.
uint64_t FreeBytes() {
  struct statvfs status;
  if (statvfs(kDirectory, &status) != 0 || status.f_blocks == 0) return UINT64_MAX;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
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
  // Spares the kernel from filling all memory before it says so.
  if (length > FreeBytes()) return ReservationFailure("posix_fallocate", ENOSPC, length);
  int error;
  do {
    error = posix_fallocate(descriptor.get(), 0, static_cast<off_t>(length));
  } while (error == EINTR);
  if (error == 0) return std::nullopt;
  return ReservationFailure("posix_fallocate", error, length);
}

std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length) {
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
