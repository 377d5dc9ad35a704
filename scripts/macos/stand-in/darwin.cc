#include "darwin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <string>

int renameatx_np(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  if (flags == RENAME_EXCL) return renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE);
  errno = EINVAL;
  return -1;
}

// Like Darwin's, it makes the folder, which only this user can read, and ends the path with a slash.
size_t confstr(DarwinPath, char* path, size_t length) {
  const std::string folder = "/tmp/memlane-macos." + std::to_string(geteuid()) + '/';
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return 0;
  if (folder.size() < length) memcpy(path, folder.c_str(), folder.size() + 1);
  return folder.size() + 1;
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
