#include "mapping.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>

#include "system_failure.h"

namespace memlane {

Result<Mapping> Map(const Descriptor& descriptor, uint64_t object_length, const View& view) {
  uint64_t there = view.offset < object_length ? object_length - view.offset : 0;
  uint64_t wanted = view.length.value_or(there);
  if (wanted == 0 || wanted > there) {
    // The kernel would map such a view, and kill the process with SIGBUS at the first access beyond the end.
    Failure failure = SystemFailure("TOO_SHORT", "mmap", ENXIO);
    failure.requested = view.offset + std::max<uint64_t>(wanted, 1);
    failure.available = object_length;
    return failure;
  }
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t delta = view.offset % page;
  void* base = mmap(nullptr, wanted + delta, ProtectionOf(view.access), SharingOf(view.access), descriptor.get(),
                    static_cast<off_t>(view.offset - delta));
  if (base == MAP_FAILED) {
    int error = errno;
    return SystemFailure(error == ENOMEM ? "NO_SPACE" : error == EACCES ? "ACCESS_DENIED" : "SYSTEM", "mmap", error);
  }
  return Mapping(base, wanted + delta, delta);
}

}  // namespace memlane
