// Whether a path still leads to an open file.
#pragma once

#include <errno.h>
#include <sys/stat.h>

#include <string>

#include "../result.h"
#include "system_failure.h"

namespace memlane {

inline Result<bool> IsNamed(int descriptor, const std::string& path) {
  struct stat file, named;
  if (fstat(descriptor, &file) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (lstat(path.c_str(), &named) == 0) return file.st_dev == named.st_dev && file.st_ino == named.st_ino;
  if (errno == ENOENT) return false;
  return SystemFailure("SYSTEM", "lstat", errno);
}

}  // namespace memlane
