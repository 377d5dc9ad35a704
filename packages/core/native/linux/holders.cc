#include "../posix/holders.h"

#include <stdio.h>
#include <sys/sysmacros.h>

namespace memlane {

// The holders of each flock, from /proc/locks. A process in another pid namespace has pid 0 there, or is missing.
std::map<std::pair<dev_t, ino_t>, std::vector<uint32_t>> ReadHolders() {
  std::map<std::pair<dev_t, ino_t>, std::vector<uint32_t>> holders;
  FILE* file = fopen("/proc/locks", "re");
  if (file == nullptr) return holders;
  char line[256];
  while (fgets(line, sizeof line, file) != nullptr) {
    int pid;
    unsigned device_major, device_minor;
    unsigned long long inode;
    // 1: FLOCK  ADVISORY  READ 1234 00:1b:5678 0 EOF
    if (sscanf(line, "%*d: FLOCK ADVISORY %*s %d %x:%x:%llu", &pid, &device_major, &device_minor, &inode) == 4) {
      holders[{makedev(device_major, device_minor), inode}].push_back(static_cast<uint32_t>(pid));
    }
  }
  fclose(file);
  return holders;
}

}  // namespace memlane
