// The folder in which objects lie.
#pragma once

#include <string>
#include <vector>

#include "../result.h"

namespace memlane {

// The paths of all files in it. NOT_SUPPORTED if there is no such folder.
Result<std::vector<std::string>> ReadFolder();

Failure MissingFolder(const char* syscall);

}  // namespace memlane
