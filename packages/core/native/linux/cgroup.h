// The memory limit of the control groups (cgroups) that this process is in: a container's, or a service's.
#pragma once

#include <cstdint>
#include <string>

namespace memlane {

// Bytes that the limits still leave, counting what the kernel can take back (file cache, swap). UINT64_MAX if there is
// no limit, or none that this process can read. `root` is a folder that holds `proc` and `sys`; tests pass their own.
uint64_t FreeInCgroups(const std::string& root = "");

}  // namespace memlane
