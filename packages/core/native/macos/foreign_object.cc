// What shm_open makes on macOS is no file: it has no path, flock does not work on it, and its length is rounded up to
// whole pages. So its handles are not counted, and no process removes it but by shm_unlink.

#include "../posix/foreign_object.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../posix/fifo_folder.h"
#include "../posix/object_path.h"
#include "../posix/system_failure.h"

namespace memlane {
namespace {

constexpr size_t kLongestName = 31;

Failure ForeignFailure(const char* syscall, int error) {
  const bool is_missing = error == ENOENT || error == ENAMETOOLONG;
  return SystemFailure(is_missing ? "NOT_FOUND" : IsDenied(error) ? "ACCESS_DENIED" : "SYSTEM", syscall, error);
}

}  // namespace

Result<OpenedFile> OpenForeignObject(const std::string& name, const std::string& path, int flags) {
  if (name.size() > kLongestName) return ForeignFailure("open", ENOENT);
  Descriptor descriptor(shm_open(name.c_str(), flags, 0));
  if (!descriptor.valid()) {
    const int error = errno;
    return ForeignFailure(error == ENOENT ? "open" : "shm_open", error);
  }
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  status.st_mode &= ~kCountedMark;
  return OpenedFile{std::move(descriptor), status, ForeignFifoFolderPath(path), false};
}

Result<bool> UnlinkForeignObject(const std::string& name) {
  if (shm_unlink(name.c_str()) == 0) return true;
  return ForeignFailure("shm_unlink", errno);
}

}  // namespace memlane
