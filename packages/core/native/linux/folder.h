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

// NOT_SUPPORTED if there is no such folder.
Result<std::vector<FolderEntry>> ReadFolder();

Failure MissingFolder(const char* syscall);

// The FIFOs of the object's doorbells and leases.
Result<std::vector<std::string>> FifosOf(const std::string& path);

}  // namespace memlane
