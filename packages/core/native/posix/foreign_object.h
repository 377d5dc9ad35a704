// Objects that other programs made by shm_open, where those are no files. One implementation per system:
// linux/foreign_object.cc, macos/foreign_object.cc.
#pragma once

#include <string>

#include "../result.h"
#include "counted_object.h"

namespace memlane {

// NOT_FOUND if there is none. `path`: the path that its file would have.
Result<OpenedFile> OpenForeignObject(const std::string& name, const std::string& path, int flags);

// Removes the name.
Result<bool> UnlinkForeignObject(const std::string& name);

}  // namespace memlane
