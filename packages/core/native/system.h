// Which system the addon was built for. One implementation per folder: linux/system.cc, macos/system.cc,
// windows/system.cc.
#pragma once

#include <string>

namespace memlane {

// As process.platform of Node.js names it.
const char* SystemName();

// The path of the file of an object. Empty if objects are no files, or if the system does not tell where they lie.
std::string ObjectPath(const std::string& name);

}  // namespace memlane
