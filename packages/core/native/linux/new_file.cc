// O_TMPFILE makes a file without a name; linkat gives it one.

#include "../posix/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../posix/counted_object.h"
#include "../posix/object_path.h"
#include "../posix/system_failure.h"

namespace memlane {

const char kNamingCall[] = "linkat";

Result<NewFile> MakeNewFile(const std::string& path) {
  const std::string folder = FolderOf(path);
  Descriptor descriptor(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (descriptor.valid()) return NewFile{std::move(descriptor), UnfinishedPath()};
  const int error = errno;
  if (error == ENOENT) return MissingFolder("open", folder);
  const char* code = IsDenied(error)                          ? "ACCESS_DENIED"
                     : error == EOPNOTSUPP || error == EISDIR ? "NOT_SUPPORTED"
                     : error == ENOSPC                        ? "NO_SPACE"
                                                              : "SYSTEM";
  return SystemFailure(code, "open", error);
}

Result<bool> TryName(const Descriptor& descriptor, const UnfinishedPath&, const std::string& path) {
  const std::string unnamed = "/proc/self/fd/" + std::to_string(descriptor.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  int error = errno;
  if (error == ENOENT) {
    // There is no /proc. Kernels before 6.10 admit this only to processes with CAP_DAC_READ_SEARCH.
    if (linkat(descriptor.get(), "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return true;
    error = errno;
    if (error == ENOENT)
      return Failure{"NOT_SUPPORTED", kNamingCall, error, "this kernel names new memory only if /proc is mounted"};
  }
  if (error == EEXIST) return false;
  const char* code = IsDenied(error) ? "ACCESS_DENIED" : error == ENAMETOOLONG ? "INVALID_NAME" : "SYSTEM";
  return SystemFailure(code, kNamingCall, error);
}

bool IsUnfinished(const std::string&) { return false; }

}  // namespace memlane
