#include "folder.h"

#include <dirent.h>
#include <errno.h>

#include "object_path.h"
#include "system_failure.h"

namespace memlane {

Result<std::vector<FolderEntry>> ReadFolder() {
  DIR* directory = opendir(kDirectory);
  if (directory == nullptr) {
    const int error = errno;
    return error == ENOENT ? MissingFolder("opendir") : SystemFailure("SYSTEM", "opendir", error);
  }
  std::vector<FolderEntry> files;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    files.push_back({std::string(kDirectory) + '/' + entry->d_name, entry->d_type == DT_FIFO});
    errno = 0;
  }
  const int error = errno;
  closedir(directory);
  if (error != 0) return SystemFailure("SYSTEM", "readdir", error);
  return files;
}

Failure MissingFolder(const char* syscall) {
  return Failure{"NOT_SUPPORTED", syscall, ENOENT,
                 std::string("the folder ") + kDirectory + " is missing; mount a tmpfs there"};
}

Result<std::vector<std::string>> FifosOf(const std::string& path) {
  const auto files = ReadFolder();
  if (!files.ok()) return files.failure();
  std::vector<std::string> fifos;
  for (const FolderEntry& file : files.value()) {
    if (file.is_fifo && ObjectOfFifo(file.path) == path) fifos.push_back(file.path);
  }
  return fifos;
}

}  // namespace memlane
