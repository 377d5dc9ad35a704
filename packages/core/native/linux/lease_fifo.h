// The lease of a slot as Linux has it: see lease.cc.
#pragma once

#include <cstdint>
#include <string>

#include "../result.h"
#include "descriptor.h"
#include "fifo.h"

namespace memlane {

// Opened for reading, which hangs up when the claim ends. No descriptor when nobody has the slot.
Result<Descriptor> OpenHeldLease(const std::string& object_path, uint32_t slot, const Admission& admission);

}  // namespace memlane
