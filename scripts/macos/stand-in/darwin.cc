#include "darwin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <mutex>
#include <set>
#include <string>

namespace {

std::mutex mutex;
// The descriptors with a shared lock. Never destroyed: descriptors are closed after the static destructors, too.
std::set<int>& shared = *new std::set<int>;

// Linux keeps the locks of flock and those of fcntl apart. So an exclusive flock on a file that is open for writing is
// also an open-file-description lock, which fcntl(F_GETLK) finds. The kernel drops both with the last descriptor.
void ShowToFcntl(int fd, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  fcntl(fd, F_OFD_SETLK, &lock);
}

}  // namespace

int fcntl(int fd, DarwinLockCommand, struct flock* lock) { return fcntl(fd, F_OFD_GETLK, lock); }

int renameatx_np(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  if (flags == RENAME_EXCL) return renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE);
  errno = EINVAL;
  return -1;
}

// Like Darwin's, it makes the folder, which only this user can read, and ends the path with a slash. For tests, it
// fails if MEMLANE_STAND_IN_CONFSTR is "off".
size_t confstr(DarwinPath, char* path, size_t length) {
  const char* setting = getenv("MEMLANE_STAND_IN_CONFSTR");
  if (setting != nullptr && strcmp(setting, "off") == 0) {
    errno = EIO;
    return 0;
  }
  const std::string folder = "/tmp/memlane-macos." + std::to_string(geteuid()) + '/';
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return 0;
  if (folder.size() < length) memcpy(path, folder.c_str(), folder.size() + 1);
  return folder.size() + 1;
}

// On Darwin, a process that has a shared lock and is refused the exclusive one keeps the shared one. Linux drops it.
// All calls in the addon reach this function, because it is in the addon.
extern "C" int flock(int fd, int operation) noexcept {
  std::lock_guard<std::mutex> guard(mutex);
  const bool was_shared = shared.count(fd) != 0;
  if ((operation & LOCK_UN) != 0) ShowToFcntl(fd, F_UNLCK);
  const int result = static_cast<int>(syscall(SYS_flock, fd, operation));
  if (result == 0) {
    shared.erase(fd);
    if ((operation & LOCK_SH) != 0) shared.insert(fd);
    ShowToFcntl(fd, (operation & LOCK_EX) != 0 ? F_WRLCK : F_UNLCK);
  } else if (errno == EWOULDBLOCK && was_shared) {
    syscall(SYS_flock, fd, LOCK_SH | LOCK_NB);
    errno = EWOULDBLOCK;
  }
  return result;
}

void ForgetLock(int fd) {
  std::lock_guard<std::mutex> guard(mutex);
  shared.erase(fd);
}

int fcntl(int fd, DarwinCommand, fstore_t* store) {
  if (store->fst_flags != F_ALLOCATEALL || store->fst_posmode != F_PEOFPOSMODE) {
    errno = EINVAL;
    return -1;
  }
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, status.st_size, store->fst_length);
}
