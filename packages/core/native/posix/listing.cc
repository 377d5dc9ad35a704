// SegmentInfo of all objects in the folders. Orphans and other leftovers of crashes are removed on the way.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "../shared_memory.h"
#include "counted_object.h"
#include "fifo_folder.h"
#include "holders.h"
#include "new_file.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

// The paths of all files in a folder.
Result<std::vector<std::string>> ReadFolder(const std::string& folder) {
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) {
    const int error = errno;
    return error == ENOENT ? MissingFolder("opendir", folder) : SystemFailure("SYSTEM", "opendir", error);
  }
  std::vector<std::string> files;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    files.push_back(folder + '/' + entry->d_name);
    errno = 0;
  }
  const int error = errno;
  closedir(directory);
  if (error != 0) return SystemFailure("SYSTEM", "readdir", error);
  return files;
}

// Removes an object or an unfinished file that a crash has left, if this process has the right to. True if the file is
// such a leftover or is gone.
Result<bool> ClearIfOrphan(const std::string& path) {
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) {
    const std::string code = opened.failure().code;
    if (code == "NOT_FOUND") return true;
    if (code == "ACCESS_DENIED" || code == "NOT_SHARED_MEMORY") return false;
    return opened.failure();
  }
  const OpenedFile& file = opened.value();
  if (!IsCounted(file.status) && !IsUnfinished(path)) return false;
  const auto alone = TryFlock(file.descriptor, LOCK_EX);
  if (alone.ok() && alone.value()) UnlinkObject(file.descriptor, path);
  return alone;
}

}  // namespace

Result<std::vector<SegmentInfo>> ListSegments() {
  const auto all_holders = ReadHolders();
  std::vector<SegmentInfo> segments;
  const auto folders = ObjectFolders();
  if (!folders.ok()) return folders.failure();
  for (const std::string& folder : folders.value()) {
    const auto files = ReadFolder(folder);
    if (!files.ok()) return files.failure();
    for (const std::string& path : files.value()) {
      struct stat status;
      if (lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) continue;
        return SystemFailure("SYSTEM", "lstat", errno);
      }
      const bool is_removable = status.st_uid == geteuid() || geteuid() == 0;
      if (S_ISDIR(status.st_mode) && is_removable && IsFifoFolder(path)) ClearFifoFolder(path);
      if (!S_ISREG(status.st_mode)) continue;
      const bool is_unfinished = IsUnfinished(path);
      if (!is_unfinished && !IsObject(path, status)) continue;
      const auto orphan = ClearIfOrphan(path);
      if (!orphan.ok()) return orphan.failure();
      if (orphan.value() || is_unfinished) continue;
      SegmentInfo info;
      info.name = NameAt(path);
      info.length = static_cast<uint64_t>(status.st_size);
      info.owner = std::to_string(status.st_uid);
      info.mode = status.st_mode & 0777;
      info.counted = IsCounted(status);
      auto holders = all_holders.find({status.st_dev, status.st_ino});
      if (info.counted && holders != all_holders.end()) {
        info.holders = static_cast<uint32_t>(holders->second.size());
        info.pids = holders->second;
        std::sort(info.pids.begin(), info.pids.end());
        info.pids.erase(std::unique(info.pids.begin(), info.pids.end()), info.pids.end());
        if (info.pids.front() == 0) info.pids.erase(info.pids.begin());
      }
      segments.push_back(std::move(info));
    }
  }
  return segments;
}

}  // namespace memlane
