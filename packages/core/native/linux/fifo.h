// The FIFOs beside an object.
#pragma once

#include <sys/stat.h>

#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Whom an object admits; they alone may have made what lies beside it.
struct Admission {
  uid_t owner;
  gid_t group;
  mode_t mode;
};

Result<Admission> AdmissionTo(int object);

// Never blocks. No descriptor when there is no such file. ACCESS_DENIED when it is a stranger's.
Result<Descriptor> OpenFifo(const std::string& path, int flags, const Admission& admission);

// Whoever has the sticky bit, which Linux ignores on FIFOs, is one of ours.
constexpr mode_t kFifoMark = S_ISVTX;

// A FIFO that has still to get its name, so that nobody finds one half made.
struct NewFifo {
  Descriptor descriptor;  // for reading and writing
  std::string path;       // until it is renamed
};

// To be renamed to `path`: as readable and writable as the object, and its owner's where that can be.
Result<NewFifo> MakeFifo(const std::string& path, const Admission& admission);

// For reading and writing; makes it when it is not there.
Result<Descriptor> OpenOrMakeFifo(const std::string& path, const Admission& admission);

}  // namespace memlane
