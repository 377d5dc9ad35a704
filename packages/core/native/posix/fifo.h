// What bells and leases do with an open FIFO.
#pragma once

#include <optional>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Never blocks. If the FIFO is full, it has a byte already, and the call does nothing.
std::optional<Failure> WriteByte(const Descriptor& fifo);

// Reads all bytes that are in the FIFO. False if it was empty.
Result<bool> Empty(const Descriptor& fifo);

// Whether a writer has the FIFO open. If so, readers get POLLHUP when the last writer closes it.
bool HasWriter(const Descriptor& fifo);

}  // namespace memlane
