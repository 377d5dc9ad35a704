#include "../system.h"

#include <utility>

#include "../posix/object_path.h"

namespace memlane {

const char* SystemName() { return "linux"; }

std::string ObjectPath(const std::string& name) {
  auto path = PathOf(name);
  return path.ok() ? std::move(path.value()) : std::string();
}

}  // namespace memlane
