// Reserves pages in advance. If the system had no page later, at the first access, SIGBUS would end the process.
// Reserve and ReserveForeign have one implementation per system: linux/reservation.cc, macos/reservation.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Sizes a new object and takes all its pages. `folder`: where its file lies.
std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length, const std::string& folder);

// Takes the pages behind a view of another program's object, which may be sparse. Leaves its size alone.
std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length,
                                      const std::string& folder);

// NO_SPACE with the bytes requested and free, if the error says so; otherwise SYSTEM.
Failure ReservationFailure(const char* syscall, int error, uint64_t length, const std::string& folder);

// A limit for which the kernel returns no error.
Failure LimitFailure(const char* syscall, int error, uint64_t length, const char* limit, uint64_t available);

// NO_SPACE if a file of this process may not have that length: the kernel would send SIGXFSZ.
std::optional<Failure> CheckFileSizeLimit(const char* syscall, uint64_t length, uint64_t file_length);

// Bytes that the folder's file system has free.
uint64_t FreeBytes(const std::string& folder);

}  // namespace memlane
