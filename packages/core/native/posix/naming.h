// Whether a name is taken, and how a new object gets it.
#pragma once

#include <optional>
#include <string>

#include "../result.h"
#include "counted_object.h"
#include "new_file.h"

namespace memlane {

// In all functions, `path` is PathOf(name).

// Opens an object, whoever made it.
Result<OpenedFile> OpenObject(const std::string& name, const std::string& path, int flags);

// Says whether a name is taken by an object that lives. If neither flag is set, the name is free.
struct Taken {
  bool taken;
  bool dying;  // its last holder is about to remove it
};

// Removes what a crash has left under that name, if anything.
Result<Taken> ClearOrphan(const std::string& name, const std::string& path);

// Gives the new file that name. Clears an orphan away first. ALREADY_EXISTS if the name is taken.
std::optional<Failure> Publish(const Descriptor& descriptor, const UnfinishedPath& unfinished, const std::string& name,
                               const std::string& path);

// `syscall`: the call that showed it.
Failure AlreadyExists(const char* syscall);

}  // namespace memlane
