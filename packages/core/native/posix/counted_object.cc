#include "counted_object.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "fifo_folder.h"
#include "named.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

Failure OpenFailure(int error) {
  switch (error) {
    case ENOENT:
      return SystemFailure("NOT_FOUND", "open", error);
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:  // O_NOFOLLOW met a symbolic link
      return SystemFailure("ACCESS_DENIED", "open", error);
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return SystemFailure("NOT_SHARED_MEMORY", "open", error);
    case ENAMETOOLONG:
      return SystemFailure("INVALID_NAME", "open", error);
    default:
      return SystemFailure("SYSTEM", "open", error);
  }
}

}  // namespace

Result<bool> TryFlock(const Descriptor& descriptor, int operation) {
  if (flock(descriptor.get(), operation | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return SystemFailure("SYSTEM", "flock", errno);
}

Result<OpenedFile> OpenFile(const std::string& path, int flags) {
  // O_NONBLOCK: a FIFO that has the name must not block the caller until its other end is opened.
  Descriptor descriptor(open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.valid()) return OpenFailure(errno);
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!S_ISREG(status.st_mode)) return SystemFailure("NOT_SHARED_MEMORY", "open", EINVAL);
  return OpenedFile{std::move(descriptor), status, FifoFolderPath(path, status.st_ino), true};
}

Result<Presence> Join(const Descriptor& descriptor, const std::string& path) {
  const auto alone = TryFlock(descriptor, LOCK_EX);
  if (!alone.ok()) return alone.failure();
  if (!alone.value()) {
    const auto shared = TryFlock(descriptor, LOCK_SH);
    if (!shared.ok()) return shared.failure();
    if (!shared.value()) return Presence::kDying;
  }
  const auto named = IsNamed(descriptor.get(), path);
  if (!named.ok()) {
    Leave(descriptor, path);
    return named.failure();
  }
  if (!named.value()) return Presence::kCorpse;
  return alone.value() ? Presence::kOrphan : Presence::kAlive;
}

void Leave(const Descriptor& descriptor, const std::string& path) {
  flock(descriptor.get(), LOCK_UN);
  const auto last = TryFlock(descriptor, LOCK_EX);
  if (last.ok() && last.value()) UnlinkObject(descriptor, path);
}

Result<bool> UnlinkObject(const Descriptor& descriptor, const std::string& path) {
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  ClearFifoFolder(FifoFolderPath(path, status.st_ino));
  const auto named = IsNamed(descriptor.get(), path);
  if (!named.ok() || !named.value()) return named;
  if (unlink(path.c_str()) == 0) return true;
  const int error = errno;
  if (error == ENOENT) return false;
  return SystemFailure(IsDenied(error) ? "ACCESS_DENIED" : "SYSTEM", "unlink", error);
}

}  // namespace memlane
