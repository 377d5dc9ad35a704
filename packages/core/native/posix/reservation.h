// Reserves pages in advance. If the system had no page later, at the first access, SIGBUS would end the process.
#pragma once

#include <cstdint>
#include <optional>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Sizes a new object and takes all its pages.
std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length);

// Takes the pages behind a view of another program's object, which may be sparse. Leaves its size alone.
std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length);

// NO_SPACE with the bytes requested and free, if the error says so; otherwise SYSTEM.
Failure ReservationFailure(const char* syscall, int error, uint64_t length);

}  // namespace memlane
