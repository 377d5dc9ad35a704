// Whether a name is taken, and how a new object gets it.
#pragma once

#include <optional>
#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Says whether a name is taken by an object that lives. If neither flag is set, the name is free.
struct Taken {
  bool taken;
  bool dying;  // its last holder is about to remove it
};

// Removes what a crash has left under that name, if anything.
Result<Taken> ClearOrphan(const std::string& path);

// A file without a name, so that no process finds it unfinished.
Result<Descriptor> OpenUnnamed();

// Gives the unnamed file that name. Clears an orphan away first. ALREADY_EXISTS if the name is taken.
std::optional<Failure> Link(const Descriptor& descriptor, const std::string& path);

Failure AlreadyExists();

}  // namespace memlane
