// Where objects and what belongs to them lie: the FIFOs of bells and leases, beside the object.
#pragma once

#include <cstdint>
#include <string>

namespace memlane {

constexpr char kDirectory[] = "/dev/shm";

inline std::string PathOf(const std::string& name) { return kDirectory + name; }

inline std::string BellPrefix(const std::string& path) { return path + ".bell."; }
inline std::string BellPath(const std::string& path, uint32_t number) {
  return BellPrefix(path) + std::to_string(number);
}

inline std::string LeasePrefix(const std::string& path) { return path + ".lease."; }
inline std::string LeasePath(const std::string& path, uint32_t slot) {
  return LeasePrefix(path) + std::to_string(slot);
}

}  // namespace memlane
