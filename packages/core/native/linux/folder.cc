#include "../posix/folder.h"

#include <dirent.h>
#include <errno.h>

#include "../posix/object_path.h"
#include "../posix/system_failure.h"

namespace memlane {

Result<std::vector<std::string>> ReadFolder() {
  DIR* directory = opendir(kDirectory);
  if (directory == nullptr) {
    const int error = errno;
    return error == ENOENT ? MissingFolder("opendir") : SystemFailure("SYSTEM", "opendir", error);
  }
  std::vector<std::string> files;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    files.push_back(std::string(kDirectory) + '/' + entry->d_name);
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

}  // namespace memlane
