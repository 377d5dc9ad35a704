// The FIFO of a lease in the memory's folder: see lease.cc.
#pragma once

#include <cstdint>
#include <string>

namespace memlane {

inline std::string LeaseFifoName(uint32_t slot) { return "lease." + std::to_string(slot); }

}  // namespace memlane
