// A failed call with the system's own words for it.
#pragma once

#include <string.h>

#include "../result.h"

namespace memlane {

inline Failure SystemFailure(const char* code, const char* syscall, int error) {
  return Failure{code, syscall, error, strerror(error)};
}

}  // namespace memlane
