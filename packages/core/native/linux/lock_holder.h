// Which process holds a lock.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>

namespace memlane {

// The process that has an open-file-description write lock on that byte of the file. Reads the descriptors of all
// processes that hold the file by flock, or of all processes if none does, which takes milliseconds: only for messages
// to people. None if no process has the lock, or if this process cannot see the holder (a process of another user, or
// in another pid namespace).
std::optional<uint32_t> FindLockHolder(const struct stat& file, uint64_t offset);

}  // namespace memlane
