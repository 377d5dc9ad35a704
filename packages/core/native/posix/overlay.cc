#include "overlay.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mapping.h"
#include "system_failure.h"

namespace memlane {

std::optional<Failure> MapOver(void* pages, size_t pages_length, const Descriptor& descriptor, const View& view,
                               size_t length) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (reinterpret_cast<uintptr_t>(pages) % page != 0 || pages_length < length || pages_length % page != 0) {
    return SystemFailure("NOT_SUPPORTED", "mmap", EINVAL);  // the heap did not allocate whole pages
  }
  const auto start = static_cast<off_t>(view.offset - view.offset % page);
  const int flags = SharingOf(view.access) | MAP_FIXED;
  if (mmap(pages, length, ProtectionOf(view.access), flags, descriptor.get(), start) != MAP_FAILED) return std::nullopt;
  const int error = errno;
  MapFresh(pages, length);  // the failed call may have unmapped them
  return SystemFailure(error == ENOMEM ? "NO_SPACE" : "SYSTEM", "mmap", error);
}

bool MapFresh(void* pages, size_t length) {
  return mmap(pages, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

}  // namespace memlane
