// /proc/self/cgroup names the groups of this process, one for each hierarchy. /proc/self/mountinfo tells where the
// hierarchies are mounted. Version 2 has one hierarchy for all controllers, version 1 one for memory. A limit holds for
// a group and everything below it, so all groups up to the mount point count.

#include "cgroup.h"

#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

namespace memlane {
namespace {

constexpr uint64_t kUnlimited = UINT64_MAX;

void ForEachLine(const std::string& path, const std::function<void(const std::string&)>& visit) {
  FILE* file = fopen(path.c_str(), "re");
  if (file == nullptr) return;
  std::string line;
  char part[512];
  while (fgets(part, sizeof part, file) != nullptr) {
    line += part;
    if (line.back() != '\n') continue;
    line.pop_back();
    visit(line);
    line.clear();
  }
  if (!line.empty()) visit(line);
  fclose(file);
}

// A file that holds one number. Nothing if there is no such file; kUnlimited if it says "max".
std::optional<uint64_t> ReadNumber(const std::string& path) {
  std::optional<uint64_t> number;
  ForEachLine(path, [&](const std::string& line) {
    unsigned long long value;
    if (line == "max") {
      number = kUnlimited;
    } else if (sscanf(line.c_str(), "%llu", &value) == 1) {
      number = value;
    }
  });
  return number;
}

// The sum of some values in a file of lines such as "inactive_file 4096" or "SwapFree:  4 kB".
uint64_t ReadSum(const std::string& path, const std::vector<std::string>& names) {
  uint64_t sum = 0;
  ForEachLine(path, [&](const std::string& line) {
    char name[64];
    char unit[8] = "";
    unsigned long long value;
    if (sscanf(line.c_str(), "%63[^: ]%*[: ]%llu %7s", name, &value, unit) < 2) return;
    if (std::find(names.begin(), names.end(), name) == names.end()) return;
    sum += strcmp(unit, "kB") == 0 ? value * 1024 : value;
  });
  return sum;
}

uint64_t Subtract(uint64_t from, uint64_t amount) {
  if (from == kUnlimited) return kUnlimited;
  return from > amount ? from - amount : 0;
}

uint64_t Add(uint64_t a, uint64_t b) { return a > kUnlimited - b ? kUnlimited : a + b; }

// What one group of version 2 leaves.
uint64_t FreeInGroup2(const std::string& folder, uint64_t swap_free) {
  const auto limit = ReadNumber(folder + "/memory.max");
  const auto used = ReadNumber(folder + "/memory.current");
  if (!limit || !used || *limit == kUnlimited) return kUnlimited;
  const uint64_t swap_limit = ReadNumber(folder + "/memory.swap.max").value_or(kUnlimited);
  const uint64_t swap_used = ReadNumber(folder + "/memory.swap.current").value_or(0);
  const uint64_t swap = std::min(swap_free, Subtract(swap_limit, swap_used));
  const uint64_t reclaimable = ReadSum(folder + "/memory.stat", {"inactive_file", "active_file", "slab_reclaimable"});
  return Add(Subtract(Add(*limit, reclaimable), *used), swap);
}

// What one group of version 1 leaves. Version 1 has a second limit, for memory and swap together.
uint64_t FreeInGroup1(const std::string& folder, uint64_t swap_free) {
  const auto limit = ReadNumber(folder + "/memory.limit_in_bytes");
  const auto used = ReadNumber(folder + "/memory.usage_in_bytes");
  if (!limit || !used) return kUnlimited;
  const uint64_t reclaimable = ReadSum(folder + "/memory.stat", {"total_inactive_file", "total_active_file"});
  const uint64_t memory = Add(Subtract(Add(*limit, reclaimable), *used), swap_free);
  const auto both_limit = ReadNumber(folder + "/memory.memsw.limit_in_bytes");
  const auto both_used = ReadNumber(folder + "/memory.memsw.usage_in_bytes");
  if (!both_limit || !both_used) return memory;
  return std::min(memory, Subtract(Add(*both_limit, reclaimable), *both_used));
}

struct Hierarchy {
  std::string mount_root;   // the group that is seen at the mount point
  std::string mount_point;  // empty if the hierarchy is not mounted
  std::string group;        // of this process
};

bool HasItem(const std::string& list, const std::string& item) {
  return (',' + list + ',').find(',' + item + ',') != std::string::npos;
}

bool BeginsWith(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

void FindGroups(const std::string& path, Hierarchy& version1, Hierarchy& version2) {
  ForEachLine(path, [&](const std::string& line) {  // 4:memory:/docker/7f3a or 0::/docker/7f3a
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) return;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) version2.group = line.substr(second + 1);
    if (HasItem(controllers, "memory")) version1.group = line.substr(second + 1);
  });
}

void FindMounts(const std::string& path, Hierarchy& version1, Hierarchy& version2) {
  ForEachLine(path, [&](const std::string& line) {
    // 35 31 0:32 /docker/7f3a /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
    char mount_root[512], mount_point[512], type[32], options[256];
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) return;
    if (sscanf(line.c_str(), "%*s %*s %*s %511s %511s", mount_root, mount_point) != 2) return;
    if (sscanf(line.c_str() + dash, " - %31s %*s %255s", type, options) != 2) return;
    const bool is_version2 = strcmp(type, "cgroup2") == 0;
    if (!is_version2 && (strcmp(type, "cgroup") != 0 || !HasItem(options, "memory"))) return;
    Hierarchy& hierarchy = is_version2 ? version2 : version1;
    hierarchy.mount_root = strcmp(mount_root, "/") == 0 ? "" : mount_root;
    hierarchy.mount_point = mount_point;
  });
}

uint64_t FreeInHierarchy(const std::string& root, const Hierarchy& hierarchy,
                         const std::function<uint64_t(const std::string&)>& free_in) {
  if (hierarchy.mount_point.empty()) return kUnlimited;
  const std::string top = root + hierarchy.mount_point;
  // A path with another start names a group outside the mount. Then the mount point shows the limits of this process.
  const bool is_inside = BeginsWith(hierarchy.group, hierarchy.mount_root + '/') && !BeginsWith(hierarchy.group, "/..");
  std::string folder = top + (is_inside ? hierarchy.group.substr(hierarchy.mount_root.size()) : "");
  uint64_t free = kUnlimited;
  for (;;) {
    if (folder.back() == '/') folder.pop_back();
    free = std::min(free, free_in(folder));
    if (folder.size() <= top.size()) return free;
    folder.resize(folder.rfind('/') + 1);
  }
}

}  // namespace

uint64_t FreeInCgroups(const std::string& root) {
  Hierarchy version1, version2;
  FindGroups(root + "/proc/self/cgroup", version1, version2);
  FindMounts(root + "/proc/self/mountinfo", version1, version2);
  const uint64_t swap_free = ReadSum(root + "/proc/meminfo", {"SwapFree"});
  return std::min(
      FreeInHierarchy(root, version1, [&](const std::string& folder) { return FreeInGroup1(folder, swap_free); }),
      FreeInHierarchy(root, version2, [&](const std::string& folder) { return FreeInGroup2(folder, swap_free); }));
}

}  // namespace memlane
