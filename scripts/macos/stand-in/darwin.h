// What the macOS folder of the addon uses of Darwin's C library and what Linux lacks. Every file of the stand-in build
// includes this first. <sys/event.h> has the rest.
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cstddef>

constexpr unsigned RENAME_EXCL = 4;
int renameatx_np(int from_folder, const char* from, int to_folder, const char* to, unsigned flags);

// The stand-in for flock (darwin.cc) must know that a descriptor is closed.
void ForgetLock(int fd);

// Types of their own, so that these overloads do not hide the functions of Linux.
enum DarwinPath { _CS_DARWIN_USER_TEMP_DIR };
size_t confstr(DarwinPath which, char* path, size_t length);

struct fstore_t {
  unsigned fst_flags;
  int fst_posmode;
  off_t fst_offset;
  off_t fst_length;
  off_t fst_bytesalloc;
};
constexpr unsigned F_ALLOCATEALL = 4;
constexpr int F_PEOFPOSMODE = 3;
enum DarwinCommand { F_PREALLOCATE };
int fcntl(int fd, DarwinCommand command, fstore_t* store);

// On Darwin, it finds the locks of flock, too.
#undef F_GETLK
enum DarwinLockCommand { F_GETLK };
int fcntl(int fd, DarwinLockCommand command, struct flock* lock);
