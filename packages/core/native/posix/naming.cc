#include "naming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counted_object.h"
#include "folder.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

// How long create waits until the last holder of a dying object has unlinked it. That takes microseconds, unless the
// holder is stopped at that moment.
constexpr int kRemovalRetries = 250;
constexpr useconds_t kRemovalRetryMicroseconds = 1000;

// Gives the unnamed file that name. False if the name is taken.
Result<bool> TryLink(const Descriptor& descriptor, const std::string& path) {
  const std::string unnamed = "/proc/self/fd/" + std::to_string(descriptor.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  int error = errno;
  if (error == ENOENT) {
    // There is no /proc. Kernels before 6.10 admit this only to processes with CAP_DAC_READ_SEARCH.
    if (linkat(descriptor.get(), "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return true;
    error = errno;
    if (error == ENOENT)
      return Failure{"NOT_SUPPORTED", "linkat", error, "this kernel names new memory only if /proc is mounted"};
  }
  if (error == EEXIST) return false;
  const char* code = IsDenied(error) ? "ACCESS_DENIED" : error == ENAMETOOLONG ? "INVALID_NAME" : "SYSTEM";
  return SystemFailure(code, "linkat", error);
}

}  // namespace

Result<Taken> ClearOrphan(const std::string& path) {
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) {
    const std::string code = opened.failure().code;
    if (code == "NOT_FOUND") return Taken{false, false};
    // A link, a directory, another user's object: the name is taken.
    if (code == "ACCESS_DENIED" || code == "NOT_SHARED_MEMORY") return Taken{true, false};
    return opened.failure();
  }
  OpenedFile& file = opened.value();
  if (!IsCounted(file.status)) return Taken{true, false};
  const auto presence = Join(file.descriptor, path);
  if (!presence.ok()) return presence.failure();
  switch (presence.value()) {
    case Presence::kAlive:
      // The other holders may have closed meanwhile and left the object to this lock.
      Leave(file.descriptor, path);
      return Taken{true, false};
    case Presence::kOrphan: {
      auto removed = UnlinkObject(file.descriptor, path);
      if (!removed.ok()) {
        Failure failure = removed.failure();
        const bool is_theirs = failure.os_code == EACCES || failure.os_code == EPERM;
        if (is_theirs) failure.owner = std::to_string(file.status.st_uid);
        return failure;
      }
      return Taken{false, false};
    }
    case Presence::kDying:
      return Taken{false, true};
    case Presence::kCorpse:
      break;
  }
  return Taken{false, false};
}

Failure AlreadyExists() { return SystemFailure("ALREADY_EXISTS", "linkat", EEXIST); }

Result<Descriptor> OpenUnnamed() {
  Descriptor descriptor(open(kDirectory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (descriptor.valid()) return descriptor;
  const int error = errno;
  if (error == ENOENT) return MissingFolder("open");
  const char* code = IsDenied(error)                          ? "ACCESS_DENIED"
                     : error == EOPNOTSUPP || error == EISDIR ? "NOT_SUPPORTED"
                     : error == ENOSPC                        ? "NO_SPACE"
                                                              : "SYSTEM";
  return SystemFailure(code, "open", error);
}

std::optional<Failure> Link(const Descriptor& descriptor, const std::string& path) {
  for (int attempt = 0; attempt < kRemovalRetries; attempt++) {
    const auto linked = TryLink(descriptor, path);
    if (!linked.ok()) return linked.failure();
    if (linked.value()) return std::nullopt;
    auto taken = ClearOrphan(path);
    if (!taken.ok()) return taken.failure();
    if (taken.value().taken) return AlreadyExists();
    if (taken.value().dying) usleep(kRemovalRetryMicroseconds);
  }
  return SystemFailure("NOT_READY", "linkat", EEXIST);
}

}  // namespace memlane
