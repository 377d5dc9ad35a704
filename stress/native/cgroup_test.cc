#include "linux/cgroup.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include "check.h"
#include "folder.h"

using namespace memlane;
using namespace memlane::test;

namespace {

constexpr uint64_t kMiB = 1 << 20;

// A folder with files as /proc and /sys have them.
class System {
 public:
  System() { CHECK(mkdtemp(&root_[0]) != nullptr); }
  ~System() { CHECK(system(("rm -r " + root_).c_str()) == 0); }

  System& With(const std::string& path, const std::string& text) {
    const std::string file = root_ + path;
    for (size_t end = file.find('/', 1); end != std::string::npos; end = file.find('/', end + 1)) {
      mkdir(file.substr(0, end).c_str(), 0700);
    }
    FILE* stream = fopen(file.c_str(), "w");
    CHECK(stream != nullptr && fputs(text.c_str(), stream) >= 0 && fclose(stream) == 0);
    return *this;
  }

  uint64_t Free() const { return FreeInCgroups(root_); }

 private:
  std::string root_ = "/tmp/memlane-cgroup.XXXXXX";
};

const std::string kMount2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

std::string Bytes(uint64_t mebibytes) { return std::to_string(mebibytes * kMiB) + '\n'; }

}  // namespace

TEST("a process outside of all cgroups has no limit, nor has a process that cannot read its cgroup") {
  CHECK(System().Free() == UINT64_MAX);
  CHECK(System().With("/proc/self/cgroup", "0::/a\n").Free() == UINT64_MAX);
  CHECK(System().With("/proc/self/mountinfo", kMount2).Free() == UINT64_MAX);
  CHECK(System().With("/proc/self/cgroup", "nonsense\n\n0\n").With("/proc/self/mountinfo", "x - y\n - \n").Free() ==
        UINT64_MAX);
}

TEST("in version 2, free memory is what the group and its ancestors leave, and includes the file cache") {
  System system;
  system.With("/proc/self/cgroup", "0::/outer/inner\n").With("/proc/self/mountinfo", kMount2);
  system.With("/proc/meminfo", "MemTotal: 100000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
  CHECK(system.Free() == UINT64_MAX);
  const std::string inner = "/sys/fs/cgroup/outer/inner/", outer = "/sys/fs/cgroup/outer/";
  system.With(inner + "memory.max", Bytes(100)).With(inner + "memory.current", Bytes(60));
  system.With(inner + "memory.stat", "anon 7\ninactive_file " + Bytes(10) + "active_file " + Bytes(5) +
                                         "slab_reclaimable " + Bytes(1) + "shmem " + Bytes(9));
  CHECK(system.Free() == 56 * kMiB);
  system.With(outer + "memory.max", "max\n").With(outer + "memory.current", Bytes(90));
  CHECK(system.Free() == 56 * kMiB);
  system.With(outer + "memory.max", Bytes(110));
  CHECK(system.Free() == 20 * kMiB);
  system.With(outer + "memory.max", Bytes(80));
  CHECK(system.Free() == 0);
}

TEST("in version 2, free memory includes the free swap that the group may use") {
  System system;
  system.With("/proc/self/cgroup", "0::/\n").With("/proc/self/mountinfo", kMount2);
  system.With("/proc/meminfo", "SwapFree:  51200 kB\n");
  const std::string group = "/sys/fs/cgroup/";
  system.With(group + "memory.max", Bytes(100)).With(group + "memory.current", Bytes(90));
  CHECK(system.Free() == 60 * kMiB);
  system.With(group + "memory.swap.max", Bytes(40)).With(group + "memory.swap.current", Bytes(10));
  CHECK(system.Free() == 40 * kMiB);
  system.With(group + "memory.swap.max", "max\n");
  CHECK(system.Free() == 60 * kMiB);
  system.With(group + "memory.swap.max", "0\n");
  CHECK(system.Free() == 10 * kMiB);
}

TEST("in version 1, one limit is for memory, and one for memory and swap together") {
  System system;
  system.With("/proc/self/cgroup", "8:pids:/p\n4:cpu,memory:/docker/7f3a\n0::/\n");
  system.With("/proc/self/mountinfo",
              "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,cpu,memory\n"
              "36 31 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" +
                  kMount2);
  system.With("/proc/meminfo", "SwapFree: 51200 kB\n");
  const std::string group = "/sys/fs/cgroup/memory/docker/7f3a/";
  system.With(group + "memory.limit_in_bytes", Bytes(100)).With(group + "memory.usage_in_bytes", Bytes(50));
  system.With(group + "memory.stat", "inactive_file 99\ntotal_inactive_file " + Bytes(8));
  CHECK(system.Free() == 108 * kMiB);
  system.With(group + "memory.memsw.limit_in_bytes", Bytes(100)).With(group + "memory.memsw.usage_in_bytes", Bytes(50));
  CHECK(system.Free() == 58 * kMiB);
  system.With(group + "memory.limit_in_bytes", "9223372036854771712\n");
  system.With(group + "memory.memsw.limit_in_bytes", "9223372036854771712\n");
  CHECK(system.Free() > uint64_t{1} << 62);
}

TEST("a container sees its own group at the mount point, whatever the group is called outside") {
  System system;
  system.With("/proc/meminfo", "SwapFree: 0 kB\n");
  const std::string group = "/sys/fs/cgroup/memory/";
  system.With(group + "memory.limit_in_bytes", Bytes(100)).With(group + "memory.usage_in_bytes", Bytes(70));
  const std::string mount = " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  for (const auto& [root, path] : {std::pair("/docker/7f3a", "/docker/7f3a"), std::pair("/docker/7f3a", "/elsewhere"),
                                   std::pair("/docker/7f3a", "/docker/7f3ab"), std::pair("/", "/../other")}) {
    system.With("/proc/self/mountinfo", std::string("35 31 0:32 ") + root + mount);
    system.With("/proc/self/cgroup", std::string("4:memory:") + path + '\n');
    CHECK(system.Free() == 30 * kMiB);
  }
}
