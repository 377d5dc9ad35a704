// The FIFOs beside an object.
#pragma once

#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Never blocks. No descriptor when there is no such file.
Result<Descriptor> OpenFifo(const std::string& path, int flags);

// For reading and writing; makes it when it is not there, as readable and writable as the object, and its owner's where
// that can be.
Result<Descriptor> MakeFifo(const std::string& path, int object);

}  // namespace memlane
