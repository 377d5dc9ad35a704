#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_failure.h"

namespace memlane {

Result<Descriptor> OpenFifo(const std::string& path, int flags) {
  Descriptor fifo(open(path.c_str(), flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fifo.valid()) {
    const int error = errno;
    if (error == ENOENT) return fifo;
    return SystemFailure(error == EACCES || error == ELOOP ? "ACCESS_DENIED" : "SYSTEM", "open", error);
  }
  struct stat status;
  if (fstat(fifo.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!S_ISFIFO(status.st_mode)) return Failure{"ACCESS_DENIED", "open", 0, "not a FIFO"};
  return fifo;
}

Result<Descriptor> MakeFifo(const std::string& path, int object) {
  struct stat status;
  if (fstat(object, &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  const bool made = mkfifo(path.c_str(), 0600) == 0;
  if (!made && errno != EEXIST) return SystemFailure(errno == ENOSPC ? "NO_SPACE" : "SYSTEM", "mkfifo", errno);
  auto fifo = OpenFifo(path, O_RDWR);
  if (fifo.ok() && !fifo.value().valid()) return SystemFailure("SYSTEM", "open", ENOENT);
  if (!fifo.ok() || !made) return fifo;
  // Who is not root, or not of that group, cannot give it away, and keeps it.
  const uid_t owner = geteuid() == 0 ? status.st_uid : static_cast<uid_t>(-1);
  [[maybe_unused]] const int given = fchown(fifo.value().get(), owner, status.st_gid);
  // Not by mkfifo's argument, which the umask cuts.
  if (fchmod(fifo.value().get(), status.st_mode & 0777) != 0) return SystemFailure("SYSTEM", "fchmod", errno);
  return fifo;
}

}  // namespace memlane
