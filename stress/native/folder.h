// A private /dev/shm, small and empty.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "check.h"
#include "posix/descriptor.h"

namespace memlane::test {

inline const std::string kFolder = "/dev/shm";

inline void MustSystem(bool succeeded, const char* what) {
  if (succeeded) return;
  perror(what);
  exit(1);
}

inline void WriteFile(const char* path, const std::string& text) {
  Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
  MustSystem(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()), path);
}

// Root can do this directly. Other users need a user namespace, if the system allows those.
inline void IsolateFolder() {
  const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
  if (unshare(CLONE_NEWNS) != 0) {
    MustSystem(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
    WriteFile("/proc/self/setgroups", "deny");
    WriteFile("/proc/self/uid_map", "0 " + user + " 1");
    WriteFile("/proc/self/gid_map", "0 " + group + " 1");
  }
  MustSystem(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
  const char* options = "mode=1777,size=256k,nr_inodes=24";
  MustSystem(mount("memlane", kFolder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) == 0, "mount");
}

inline int ClearFolder() {
  int count = 0;
  DIR* directory = opendir(kFolder.c_str());
  CHECK(directory != nullptr);
  while (const dirent* entry = readdir(directory)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    count++;
    CHECK(remove((kFolder + '/' + entry->d_name).c_str()) == 0);
  }
  closedir(directory);
  return count;
}

}  // namespace memlane::test
