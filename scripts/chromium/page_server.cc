// Native code for the page of cage-trial.mjs. A web page cannot call native code, so a thread in its process
// (LD_PRELOAD) looks for orders of the page. They are in a WebAssembly.Memory that begins with a known text; the
// memories to map over begin with another one. The pages themselves are replaced by the addon's own code (overlay.cc).
//
//   0   "memlane control\0"
//   16  state    i32   1: the page has given an order; 2: done; 3: failed
//   20  order    i32   see Obey
//   24  target   i32   the number of a memory that begins with "memlane target" and this number
//   28  answer   i32

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include "../../packages/core/native/posix/overlay.h"

namespace {

constexpr size_t kTagLength = 16;

struct Region {
  uintptr_t start = 0;
  uintptr_t end = 0;
  std::string rights;
  std::string path;
};

// Calls the function for each mapping of this process until it returns true.
template <typename Function>
bool AnyRegion(Function function) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    Region region;
    std::string offset, device, inode;
    char dash;
    std::istringstream fields(line);
    fields >> std::hex >> region.start >> dash >> region.end >> region.rights >> offset >> device >> inode >>
        region.path;
    if (function(region)) return true;
  }
  return false;
}

// Finds the memory that begins with this text. Another thread may unmap it meanwhile, so the kernel reads it.
Region Find(int memory, const char* tag) {
  Region found;
  AnyRegion([&](const Region& region) {
    char begin[kTagLength];
    if (region.rights != "rw-p" || region.end - region.start < 65536) return false;
    if (pread(memory, begin, kTagLength, static_cast<off_t>(region.start)) != static_cast<ssize_t>(kTagLength))
      return false;
    if (memcmp(begin, tag, kTagLength) != 0) return false;
    found = region;
    return true;
  });
  return found;
}

int CountMappings(const std::string& path) {
  int count = 0;
  AnyRegion([&](const Region& region) {
    if (region.path == path) count++;
    return false;
  });
  return count;
}

// The GiB of addresses without a gap around an address. In the cage, that is the reservation of V8's sandbox.
int GibibytesAround(uintptr_t address) {
  Region around;
  bool contains = false;
  AnyRegion([&](const Region& region) {
    if (region.start != around.end) {
      if (contains) return true;
      around.start = region.start;
    }
    around.end = region.end;
    contains = contains || (region.start <= address && address < region.end);
    return false;
  });
  return static_cast<int>((around.end - around.start) >> 30);
}

class Server {
 public:
  Server(std::string path)
      : path_(std::move(path)), memory_(open("/proc/self/mem", O_RDONLY)), file_(open(path_.c_str(), O_RDWR)) {}

  void Serve() {
    Region control;
    while (control.start == 0) {
      usleep(20'000);
      control = Find(memory_, "memlane control");
    }
    auto* words = reinterpret_cast<std::atomic<int32_t>*>(control.start);
    for (;; usleep(1'000)) {
      if (words[4] != 1) continue;
      const bool done = Obey(words[5], words[6], control.start, words[7]);
      words[4] = done ? 2 : 3;
    }
  }

 private:
  bool Obey(int order, int target, uintptr_t control, std::atomic<int32_t>& answer) {
    switch (order) {
      case 1:
        return MapTarget(target);
      case 2:
        return memlane::MapFresh(reinterpret_cast<void*>(targets_[target].start),
                                 targets_[target].end - targets_[target].start);
      case 3:
        answer = CountMappings(path_);
        return true;
      case 4:
        answer = GibibytesAround(control);
        return true;
      default:
        return false;
    }
  }

  bool MapTarget(int target) {
    char tag[kTagLength] = "memlane target";
    tag[kTagLength - 1] = static_cast<char>(target);
    const Region pages = Find(memory_, tag);
    const size_t length = pages.end - pages.start;
    targets_[target] = pages;
    return pages.start != 0 &&
           !memlane::MapOver(reinterpret_cast<void*>(pages.start), length, file_, memlane::View(), length);
  }

  const std::string path_;
  const int memory_;
  const memlane::Descriptor file_;
  std::map<int, Region> targets_;
};

__attribute__((constructor)) void Start() {
  const char* path = getenv("MEMLANE_TRIAL_OBJECT");
  std::ifstream arguments("/proc/self/cmdline");
  const std::string command((std::istreambuf_iterator<char>(arguments)), std::istreambuf_iterator<char>());
  if (path == nullptr || command.find("--type=renderer") == std::string::npos) return;
  std::thread([path = std::string(path)] { Server(path).Serve(); }).detach();
}

}  // namespace
