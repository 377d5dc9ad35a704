#include "lock_holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../posix/holders.h"

namespace memlane {
namespace {

// The entries of a folder in /proc that are numbers: processes, or descriptors. None if it cannot be read.
std::vector<uint32_t> ReadNumbers(const std::string& folder) {
  std::vector<uint32_t> numbers;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory)) {
    char* end;
    const unsigned long number = strtoul(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0') numbers.push_back(static_cast<uint32_t>(number));
  }
  closedir(directory);
  return numbers;
}

// Whether a line of /proc/PID/fdinfo/FD shows a write lock on this byte. The last field is a number, or EOF.
// lock:	1: OFDLCK  ADVISORY  WRITE -1 00:1b:5678 5 5
bool IsLock(const char* line, const struct stat& file, uint64_t offset) {
  unsigned device_major, device_minor;
  unsigned long long inode, begin, end;
  const int fields = sscanf(line, "lock: %*d: OFDLCK ADVISORY WRITE %*d %x:%x:%llu %llu %llu", &device_major,
                            &device_minor, &inode, &begin, &end);
  if (fields < 4 || device_major != major(file.st_dev) || device_minor != minor(file.st_dev)) return false;
  return inode == file.st_ino && begin <= offset && (fields == 4 || offset <= end);
}

bool HasLock(const std::string& descriptor_info, const struct stat& file, uint64_t offset) {
  FILE* info = fopen(descriptor_info.c_str(), "re");
  if (info == nullptr) return false;
  bool found = false;
  char line[256];
  while (!found && fgets(line, sizeof line, info) != nullptr) found = IsLock(line, file, offset);
  fclose(info);
  return found;
}

// Whether one of the process's descriptors has the lock. To ask where a descriptor leads is faster than to read about
// its locks.
bool HasLock(uint32_t pid, const struct stat& file, uint64_t offset) {
  const std::string process = "/proc/" + std::to_string(pid);
  for (const uint32_t fd : ReadNumbers(process + "/fd")) {
    const std::string number = '/' + std::to_string(fd);
    struct stat opened;
    if (fstatat(AT_FDCWD, (process + "/fd" + number).c_str(), &opened, 0) != 0) continue;
    if (opened.st_dev != file.st_dev || opened.st_ino != file.st_ino) continue;
    if (HasLock(process + "/fdinfo" + number, file, offset)) return true;
  }
  return false;
}

}  // namespace

std::optional<uint32_t> FindLockHolder(const struct stat& file, uint64_t offset) {
  // Every handle of a counted object holds a flock, and the kernel lists those in one file. All descriptors of all
  // processes are too many to read if there is another way.
  const auto all_holders = ReadHolders();
  const auto holders = all_holders.find({file.st_dev, file.st_ino});
  std::vector<uint32_t> pids = holders == all_holders.end() ? ReadNumbers("/proc") : holders->second;
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  for (const uint32_t pid : pids) {
    if (HasLock(pid, file, offset)) return pid;
  }
  return std::nullopt;
}

}  // namespace memlane
