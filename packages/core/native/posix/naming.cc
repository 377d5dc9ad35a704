#include "naming.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "foreign_object.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

// How long create waits until the last holder of a dying object has unlinked it. That takes microseconds, unless the
// holder is stopped at that moment.
constexpr int kRemovalRetries = 250;
constexpr useconds_t kRemovalRetryMicroseconds = 1000;

}  // namespace

Result<OpenedFile> OpenObject(const std::string& name, const std::string& path, int flags) {
  auto opened = OpenFile(path, flags);
  const bool is_missing = !opened.ok() && strcmp(opened.failure().code, "NOT_FOUND") == 0;
  return is_missing ? OpenForeignObject(name, path, flags) : std::move(opened);
}

Result<Taken> ClearOrphan(const std::string& name, const std::string& path) {
  auto opened = OpenObject(name, path, O_RDONLY);
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

Failure AlreadyExists(const char* syscall) { return SystemFailure("ALREADY_EXISTS", syscall, EEXIST); }

std::optional<Failure> Publish(const Descriptor& descriptor, const UnfinishedPath& unfinished, const std::string& name,
                               const std::string& path) {
  for (int attempt = 0; attempt < kRemovalRetries; attempt++) {
    const auto named = TryName(descriptor, unfinished, path);
    if (!named.ok()) return named.failure();
    if (named.value()) return std::nullopt;
    auto taken = ClearOrphan(name, path);
    if (!taken.ok()) return taken.failure();
    if (taken.value().taken) return AlreadyExists(kNamingCall);
    if (taken.value().dying) usleep(kRemovalRetryMicroseconds);
  }
  return SystemFailure("NOT_READY", kNamingCall, EEXIST);
}

}  // namespace memlane
