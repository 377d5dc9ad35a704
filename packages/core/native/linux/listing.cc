// SegmentInfo of all objects in the folder. Orphans are removed on the way.

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "../posix/counted_object.h"
#include "../posix/fifo_folder.h"
#include "../posix/folder.h"
#include "../posix/object_path.h"
#include "../posix/system_failure.h"
#include "../shared_memory.h"

namespace memlane {
namespace {

// The holders of each flock, from /proc/locks: pids by device and inode, one for each handle. A process that this one
// cannot see (another pid namespace) has pid 0 there, or is missing.
using Inode = std::tuple<unsigned, unsigned, unsigned long long>;

std::map<Inode, std::vector<uint32_t>> ReadLocks() {
  std::map<Inode, std::vector<uint32_t>> holders;
  FILE* file = fopen("/proc/locks", "re");
  if (file == nullptr) return holders;
  char line[256];
  while (fgets(line, sizeof line, file) != nullptr) {
    int pid;
    unsigned device_major, device_minor;
    unsigned long long inode;
    // 1: FLOCK  ADVISORY  READ 1234 00:1b:5678 0 EOF
    if (sscanf(line, "%*d: FLOCK ADVISORY %*s %d %x:%x:%llu", &pid, &device_major, &device_minor, &inode) == 4) {
      holders[{device_major, device_minor, inode}].push_back(static_cast<uint32_t>(pid));
    }
  }
  fclose(file);
  return holders;
}

// glibc keeps a POSIX semaphore as a file of this name and length. A counted object of such a name is ours.
bool IsSemaphore(const std::string& path, const struct stat& status) {
  const std::string start = std::string(kDirectory) + "/sem.";
  return path.compare(0, start.size(), start) == 0 && status.st_size == sizeof(sem_t) && !IsCounted(status);
}

// Removes an object that a crash has left, if this process has the right to. True if the object is an orphan or is
// gone.
Result<bool> ClearIfOrphan(const std::string& path) {
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) {
    const std::string code = opened.failure().code;
    if (code == "NOT_FOUND") return true;
    if (code == "ACCESS_DENIED" || code == "NOT_SHARED_MEMORY") return false;
    return opened.failure();
  }
  const OpenedFile& file = opened.value();
  if (!IsCounted(file.status)) return false;
  const auto alone = TryFlock(file.descriptor, LOCK_EX);
  if (alone.ok() && alone.value()) UnlinkObject(file.descriptor, path);
  return alone;
}

}  // namespace

Result<std::vector<SegmentInfo>> ListSegments() {
  const auto files = ReadFolder();
  if (!files.ok()) return files.failure();
  const auto locks = ReadLocks();
  std::vector<SegmentInfo> segments;
  for (const std::string& path : files.value()) {
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;
      return SystemFailure("SYSTEM", "lstat", errno);
    }
    const bool is_removable = status.st_uid == geteuid() || geteuid() == 0;
    if (S_ISDIR(status.st_mode) && is_removable && IsFifoFolder(path)) ClearFifoFolder(path);
    if (!S_ISREG(status.st_mode) || IsSemaphore(path, status)) continue;
    const auto orphan = ClearIfOrphan(path);
    if (!orphan.ok()) return orphan.failure();
    if (orphan.value()) continue;
    SegmentInfo info;
    info.name = path.substr(strlen(kDirectory));
    info.length = static_cast<uint64_t>(status.st_size);
    info.owner = std::to_string(status.st_uid);
    info.mode = status.st_mode & 0777;
    info.counted = IsCounted(status);
    auto holders = locks.find({major(status.st_dev), minor(status.st_dev), status.st_ino});
    if (info.counted && holders != locks.end()) {
      info.holders = static_cast<uint32_t>(holders->second.size());
      info.pids = holders->second;
      std::sort(info.pids.begin(), info.pids.end());
      info.pids.erase(std::unique(info.pids.begin(), info.pids.end()), info.pids.end());
      if (info.pids.front() == 0) info.pids.erase(info.pids.begin());
    }
    segments.push_back(std::move(info));
  }
  return segments;
}

}  // namespace memlane
