// Which processes hold objects. One implementation per system: linux/holders.cc, macos/holders.cc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace memlane {

// By device and inode: the process ids of the holders, one for each handle. A process that this one cannot see has id
// 0, or is missing. Empty if the system does not tell.
std::map<std::pair<dev_t, ino_t>, std::vector<uint32_t>> ReadHolders();

}  // namespace memlane
