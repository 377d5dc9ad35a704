// Where objects and what belongs to them lie: the FIFOs of bells and leases, beside the object.
#pragma once

#include <errno.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "../result.h"
#include "system_failure.h"

namespace memlane {

constexpr char kDirectory[] = "/dev/shm";

inline std::string PathOf(const std::string& name) { return kDirectory + name; }

constexpr char kBellInfix[] = ".bell.";
constexpr char kLeaseInfix[] = ".lease.";
constexpr char kUnfinishedSuffix[] = ".new";  // and perhaps a number

inline std::string BellPath(const std::string& path, uint32_t number) {
  return path + kBellInfix + std::to_string(number);
}
inline std::string LeasePath(const std::string& path, uint32_t slot) {
  return path + kLeaseInfix + std::to_string(slot);
}

// The object whose bell or lease that is, finished or not, where the path could be one's; empty where it could not.
inline std::string ObjectOfFifo(const std::string& path) {
  for (const std::string infix : {kBellInfix, kLeaseInfix}) {
    const size_t end = path.rfind(infix);
    if (end == std::string::npos) continue;
    const std::string rest = path.substr(end + infix.size());
    const std::string number = rest.substr(0, rest.find(kUnfinishedSuffix));
    if (!number.empty() && number.find_first_not_of("0123456789") == std::string::npos) return path.substr(0, end);
  }
  return std::string();
}

// Does `path` still lead to the file behind the descriptor?
inline Result<bool> IsNamed(int descriptor, const std::string& path) {
  struct stat file, named;
  if (fstat(descriptor, &file) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (lstat(path.c_str(), &named) == 0) return file.st_dev == named.st_dev && file.st_ino == named.st_ino;
  if (errno == ENOENT) return false;
  return SystemFailure("SYSTEM", "lstat", errno);
}

// Nothing is made beside an object that has no name, or not any more: nobody would remove it.
inline std::optional<Failure> NeedName(int object, const std::string& path) {
  const auto named = IsNamed(object, path);
  if (!named.ok()) return named.failure();
  if (!named.value()) return SystemFailure("NOT_FOUND", "lstat", ENOENT);
  return std::nullopt;
}

}  // namespace memlane
