// The memory is a file, whose blocks must exist before the first access. The system may write pages to disk when it
// likes, as it writes other memory to its swap files. memlane never asks for that: it calls neither fsync nor msync,
// and nothing reads the file after a restart. F_NOCACHE would not help, because it is about read and write, not mmap.

#include "../posix/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace memlane {

std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length, const std::string& folder) {
  if (length > FreeBytes(folder)) return ReservationFailure("fcntl(F_PREALLOCATE)", ENOSPC, length, folder);
  if (auto failure = CheckFileSizeLimit("ftruncate", length, length)) return failure;
  // The first call takes blocks behind the end of the file. The second one moves the end.
  fstore_t blocks = {};
  blocks.fst_flags = F_ALLOCATEALL;
  blocks.fst_posmode = F_PEOFPOSMODE;
  blocks.fst_length = static_cast<off_t>(length);
  if (fcntl(descriptor.get(), F_PREALLOCATE, &blocks) != 0)
    return ReservationFailure("fcntl(F_PREALLOCATE)", errno, length, folder);
  if (ftruncate(descriptor.get(), static_cast<off_t>(length)) != 0)
    return ReservationFailure("ftruncate", errno, length, folder);
  return std::nullopt;
}

// F_PREALLOCATE cannot fill the gaps of a file. docs/platforms.md tells programs to make none.
std::optional<Failure> ReserveForeign(const Descriptor&, uint64_t, uint64_t, const std::string&) {
  return std::nullopt;
}

}  // namespace memlane
