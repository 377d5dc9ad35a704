#include "../posix/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "../posix/system_failure.h"
#include "cgroup.h"

namespace memlane {
namespace {

// Cgroup limits are read only for this length (bytes) and more. Reading them takes about 100 us: too long for small
// memory.
constexpr uint64_t kLookedUpLength = 1 << 20;

// Checks limits for which the kernel returns no error. If a cgroup has no room for the pages, the kernel kills a
// process of the group.
std::optional<Failure> CheckLimits(const char* syscall, uint64_t length, uint64_t file_length) {
  if (auto failure = CheckFileSizeLimit(syscall, length, file_length)) return failure;
  if (length < kLookedUpLength) return std::nullopt;
  const uint64_t available = FreeInCgroups();
  // The kernel needs some more to keep track of the pages.
  if (length <= available - std::min(available, length / 64)) return std::nullopt;
  return LimitFailure(syscall, ENOMEM, length, "cgroup", available);
}

}  // namespace

std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length, const std::string& folder) {
  // Without this check, the kernel would first fill all free memory, and only then report ENOSPC.
  if (length > FreeBytes(folder)) return ReservationFailure("posix_fallocate", ENOSPC, length, folder);
  if (auto failure = CheckLimits("posix_fallocate", length, length)) return failure;
  int error;
  do {
    error = posix_fallocate(descriptor.get(), 0, static_cast<off_t>(length));
  } while (error == EINTR);
  if (error == 0) return std::nullopt;
  return ReservationFailure("posix_fallocate", error, length, folder);
}

std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length,
                                      const std::string& folder) {
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
  return ReservationFailure("fallocate", error, length, folder);
}

}  // namespace memlane
