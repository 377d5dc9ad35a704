// The folder in which objects lie, and the FIFOs of their bells and leases beside them.
#pragma once

#include <string>
#include <vector>

#include "../result.h"

namespace memlane {

struct FolderEntry {
  std::string path;
  bool is_fifo;
};

Result<std::vector<FolderEntry>> ReadFolder();

// The FIFOs of the object's doorbells and leases.
Result<std::vector<std::string>> FifosOf(const std::string& path);

}  // namespace memlane
