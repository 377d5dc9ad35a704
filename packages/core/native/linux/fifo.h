// The FIFOs beside an object.
#pragma once

#include <sys/stat.h>

#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Never blocks. No descriptor when there is no such file.
Result<Descriptor> OpenFifo(const std::string& path, int flags);

// Whoever has the sticky bit, which Linux ignores on FIFOs, is one of ours.
constexpr mode_t kFifoMark = S_ISVTX;

// A FIFO that has still to get its name, so that nobody finds one half made.
struct NewFifo {
  Descriptor descriptor;  // for reading and writing
  std::string path;       // until it is renamed
};

// To be renamed to `path`: as readable and writable as the object, and its owner's where that can be.
Result<NewFifo> MakeFifo(const std::string& path, int object);

// For reading and writing; makes it when it is not there.
Result<Descriptor> OpenOrMakeFifo(const std::string& path, int object);

}  // namespace memlane
