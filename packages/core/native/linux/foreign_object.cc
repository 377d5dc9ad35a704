// On Linux, shm_open makes files in /dev/shm, like those of memlane: there are no others.

#include "../posix/foreign_object.h"

#include <errno.h>

#include "../posix/system_failure.h"

namespace memlane {

Result<OpenedFile> OpenForeignObject(const std::string&, const std::string&, int) {
  return SystemFailure("NOT_FOUND", "open", ENOENT);
}

Result<bool> UnlinkForeignObject(const std::string&) { return SystemFailure("NOT_FOUND", "unlink", ENOENT); }

}  // namespace memlane
