#include "../system.h"

namespace memlane {

const char* SystemName() { return "win32"; }

std::string ObjectPath(const std::string&) { return ""; }

}  // namespace memlane
