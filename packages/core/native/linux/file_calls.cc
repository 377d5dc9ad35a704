#include "../posix/file_calls.h"

#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace memlane {

const char kRenameIfFree[] = "renameat2";
const char kMakeFifo[] = "mkfifoat";

// musl 1.2.5 has no function for it.
int RenameIfFree(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  return static_cast<int>(syscall(SYS_renameat2, from_folder, from.c_str(), to_folder, to.c_str(), RENAME_NOREPLACE));
}

int MakeFifo(int folder, const std::string&, const std::string& name) { return mkfifoat(folder, name.c_str(), 0600); }

void KeepFromCleaner(int) {}  // Nothing cleans /dev/shm.

}  // namespace memlane
