#include "../system.h"

#include "../posix/object_path.h"

namespace memlane {

const char* SystemName() { return "darwin"; }

std::string ObjectPath(const std::string& name) { return PathOf(name); }

}  // namespace memlane
