#include "../posix/file_calls.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace memlane {

const char kRenameIfFree[] = "renameatx_np";
const char kMakeFifo[] = "mkfifo";

int RenameIfFree(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  return renameatx_np(from_folder, from.c_str(), to_folder, to.c_str(), RENAME_EXCL);
}

// mkfifoat came with macOS 13.
int MakeFifo(int, const std::string& path, const std::string& name) {
  return mkfifo((path + '/' + name).c_str(), 0600);
}

// Every night, the system removes the files of the temporary folder that nobody has read for three days. It leaves out
// files that are locked. (A mapping is not a read.)
void KeepFromCleaner(int object) { flock(object, LOCK_SH | LOCK_NB); }

}  // namespace memlane
