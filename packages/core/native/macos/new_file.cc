// macOS has no files without a name. A new file has a temporary name, which no process opens, until it is renamed.

#include "../posix/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>

#include "../posix/counted_object.h"
#include "../posix/file_calls.h"
#include "../posix/named.h"
#include "../posix/object_path.h"
#include "../posix/system_failure.h"

namespace memlane {
namespace {

constexpr char kPrefix[] = ".memlane.new.";

// Other processes may have left files of this process id, or take a new file for a leftover before it is locked.
constexpr int kAttempts = 1000;

const char* CodeOf(int error) {
  if (IsDenied(error)) return "ACCESS_DENIED";
  if (error == ENAMETOOLONG) return "INVALID_NAME";
  return error == ENOSPC || error == EDQUOT ? "NO_SPACE" : "SYSTEM";
}

}  // namespace

const char kNamingCall[] = "renameatx_np";

Result<NewFile> MakeNewFile(const std::string& path) {
  static std::atomic<uint32_t> count = 0;
  const std::string folder = FolderOf(path);
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    std::string unfinished = folder + '/' + kPrefix + std::to_string(getpid()) + '.' + std::to_string(count++);
    Descriptor descriptor(open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!descriptor.valid()) {
      const int error = errno;
      if (error == EEXIST) continue;
      if (error == ENOENT) return MissingFolder("open", folder);
      return SystemFailure(CodeOf(error), "open", error);
    }
    UnfinishedPath made(std::move(unfinished));
    // A new file gets the group of its folder here, which admits others than the creator's group.
    if (fchown(descriptor.get(), static_cast<uid_t>(-1), getegid()) != 0)
      return SystemFailure(CodeOf(errno), "fchown", errno);
    const auto locked = TryFlock(descriptor, LOCK_SH);
    if (!locked.ok()) return locked.failure();
    const auto named = IsNamed(descriptor.get(), made.get());
    if (!named.ok()) return named.failure();
    if (locked.value() && named.value()) return NewFile{std::move(descriptor), std::move(made)};
  }
  return SystemFailure("SYSTEM", "open", EEXIST);
}

Result<bool> TryName(const Descriptor&, const UnfinishedPath& unfinished, const std::string& path) {
  if (RenameIfFree(AT_FDCWD, unfinished.get(), AT_FDCWD, path) == 0) return true;
  const int error = errno;
  if (error == EEXIST) return false;
  return SystemFailure(CodeOf(error), kNamingCall, error);
}

bool IsUnfinished(const std::string& path) { return FileOf(path).rfind(kPrefix, 0) == 0; }

}  // namespace memlane
