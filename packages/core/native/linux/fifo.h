// What bells and leases do with an open FIFO.
#pragma once

#include <optional>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Never blocks: a FIFO that is full has been written to.
std::optional<Failure> WriteByte(const Descriptor& fifo);

// Reads what there is. False if there was nothing.
Result<bool> Empty(const Descriptor& fifo);

// Whether anybody has an end for writing: then a reader will be told (POLLHUP) when the last of them is gone.
bool HasWriter(const Descriptor& fifo);

}  // namespace memlane
