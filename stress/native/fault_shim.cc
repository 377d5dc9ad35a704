#include "fault_shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <map>

namespace memlane::test {
namespace {

Fault fault;
Calls* calls = nullptr;
const char* faulty = "";

const std::map<std::string, std::vector<int>> kErrors = {
    {"open", {EMFILE, ENFILE, ENOMEM, ENOSPC, EACCES, EINTR, EIO, ENOENT}},
    {"close", {EINTR, EIO}},
    {"fstat", {ENOMEM, EIO}},
    {"lstat", {ENOMEM, EACCES, EIO, ENOENT}},
    {"statvfs", {EINTR, ENOMEM, EIO, ENOSYS}},
    {"fchmod", {EPERM, EINTR, EIO, EROFS}},
    {"fchown", {EPERM, EINTR, EIO, EDQUOT}},
    {"fallocate", {ENOSPC, EDQUOT, ENOMEM, EINTR, EIO, EOPNOTSUPP}},
    {"posix_fallocate", {ENOSPC, EDQUOT, ENOMEM, EFBIG, EINTR, EIO}},
    {"linkat", {ENOSPC, EDQUOT, ENOMEM, EACCES, EPERM, EIO, EEXIST, ENOENT}},
    {"renameat", {ENOSPC, ENOMEM, EACCES, EPERM, EIO}},
    {"renameat2", {ENOSPC, ENOMEM, EACCES, EPERM, EIO, EEXIST}},
    {"unlink", {ENOMEM, EACCES, EPERM, EBUSY, EIO, ENOENT}},
    {"unlinkat", {ENOMEM, EACCES, EPERM, EBUSY, EIO, ENOENT}},
    {"mkdir", {ENOSPC, EDQUOT, ENOMEM, EACCES, EIO, EEXIST}},
    {"rmdir", {ENOMEM, EACCES, EPERM, EBUSY, EIO, ENOENT}},
    {"mkfifoat", {ENOSPC, EDQUOT, ENOMEM, EACCES, EIO, EEXIST}},
    {"openat", {EMFILE, ENFILE, ENOMEM, EACCES, EIO, ENOENT}},
    {"fstatat", {ENOMEM, EIO, ENOENT}},
    {"fdopendir", {ENOMEM}},
    {"opendir", {EMFILE, ENFILE, ENOMEM, EACCES}},
    {"readdir", {ENOMEM, EIO}},
    {"fopen", {EMFILE, ENFILE, ENOMEM, EACCES, ENOENT}},
    {"mmap", {ENOMEM, EACCES, EAGAIN, ENFILE, EPERM}},
    {"munmap", {ENOMEM}},
    {"flock", {ENOLCK, ENOMEM, EWOULDBLOCK}},
    {"fcntl", {ENOLCK, EINVAL, EAGAIN}},
    {"read", {EIO, EINTR, EAGAIN}},
    {"write", {EIO, EINTR}},
    {"epoll_create1", {EMFILE, ENFILE, ENOMEM}},
    {"epoll_ctl", {ENOMEM, ENOSPC}},
    {"epoll_wait", {EINTR, EINVAL}},
    {"pipe", {EMFILE, ENFILE}},
    {"poll", {EINTR, ENOMEM}},
    {"timerfd_create", {EMFILE, ENFILE, ENOMEM, ENODEV}},
    {"timerfd_settime", {ECANCELED}},
    {"syscall", {ENOSYS, EPERM, EINVAL, ENOMEM}},
};

// Makes a call, or fails instead of it.
template <typename Call>
auto Pass(const char* function, Call call, decltype(call()) failed) -> decltype(call()) {
  if (calls == nullptr) return call();
  if (calls->count == Calls::kMost) abort();
  const int number = ++calls->count;
  calls->functions[number - 1] = function;
  if (number == fault.call) faulty = function;
  const bool hit = number == fault.call || (fault.lasting && number > fault.call && strcmp(function, faulty) == 0);
  if (!hit) return call();
  if (fault.error == 0) {
    call();
    kill(getpid(), SIGKILL);
  }
  if (strcmp(function, "close") == 0) call();  // Linux closes it even if it reports an error
  errno = fault.error;
  return failed;
}

}  // namespace

void Arm(const Fault& wanted, Calls* record) {
  fault = wanted;
  calls = record;
}

void Disarm() { calls = nullptr; }

const std::vector<int>& ErrorsOf(const std::string& function) { return kErrors.at(function); }

bool IsAnswer(const std::string& function, int error) {
  const bool is_others = error == EACCES && function == "open";  // another user's object
  return is_others || error == EAGAIN || error == EEXIST || error == ENOENT;
}

}  // namespace memlane::test

using memlane::test::Pass;

// For all functions FUNCTION, REAL is the C library's own.
#define WRAP(result, function, parameters, arguments, failed)                                \
  extern "C" result __real_##function parameters;                                            \
  extern "C" result __wrap_##function parameters {                                           \
    return Pass(#function, [&]() -> result { return __real_##function arguments; }, failed); \
  }

WRAP(int, close, (int fd), (fd), -1)
WRAP(int, fstat, (int fd, struct stat* status), (fd, status), -1)
WRAP(int, lstat, (const char* path, struct stat* status), (path, status), -1)
WRAP(int, statvfs, (const char* path, struct statvfs* status), (path, status), -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group), -1)
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length), (fd, mode, offset, length), -1)
WRAP(int, posix_fallocate, (int fd, off_t offset, off_t length), (fd, offset, length), memlane::test::fault.error)
WRAP(int, linkat, (int from, const char* old_path, int to, const char* new_path, int flags),
     (from, old_path, to, new_path, flags), -1)
WRAP(int, renameat, (int from, const char* old_path, int to, const char* new_path), (from, old_path, to, new_path), -1)
WRAP(int, unlink, (const char* path), (path), -1)
WRAP(int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags), -1)
WRAP(int, mkdir, (const char* path, mode_t mode), (path, mode), -1)
WRAP(int, rmdir, (const char* path), (path), -1)
WRAP(int, mkfifoat, (int folder, const char* path, mode_t mode), (folder, path, mode), -1)
WRAP(int, fstatat, (int folder, const char* path, struct stat* status, int flags), (folder, path, status, flags), -1)
WRAP(DIR*, fdopendir, (int folder), (folder), nullptr)
WRAP(DIR*, opendir, (const char* path), (path), nullptr)
WRAP(dirent*, readdir, (DIR * directory), (directory), nullptr)
WRAP(FILE*, fopen, (const char* path, const char* mode), (path, mode), nullptr)
WRAP(void*, mmap, (void* base, size_t length, int protection, int flags, int fd, off_t offset),
     (base, length, protection, flags, fd, offset), MAP_FAILED)
WRAP(int, munmap, (void* base, size_t length), (base, length), -1)
WRAP(int, flock, (int fd, int operation), (fd, operation), -1)
WRAP(ssize_t, read, (int fd, void* bytes, size_t length), (fd, bytes, length), -1)
WRAP(ssize_t, write, (int fd, const void* bytes, size_t length), (fd, bytes, length), -1)
WRAP(int, pipe, (int ends[2]), (ends), -1)
WRAP(int, epoll_create1, (int flags), (flags), -1)
WRAP(int, epoll_ctl, (int set, int operation, int fd, struct epoll_event* event), (set, operation, fd, event), -1)
WRAP(int, epoll_wait, (int set, struct epoll_event* events, int most, int timeout), (set, events, most, timeout), -1)
WRAP(int, poll, (struct pollfd * sources, nfds_t count, int timeout), (sources, count, timeout), -1)
WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), -1)
WRAP(int, timerfd_settime, (int fd, int flags, const struct itimerspec* time, struct itimerspec* before),
     (fd, flags, time, before), -1)

extern "C" int __real_open(const char* path, int flags, ...);
extern "C" int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return Pass("open", [&] { return __real_open(path, flags, mode); }, -1);
}

extern "C" int __real_openat(int folder, const char* path, int flags, ...);
extern "C" int __wrap_openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return Pass("openat", [&] { return __real_openat(folder, path, flags, mode); }, -1);
}

extern "C" int __real_fcntl(int fd, int command, ...);
extern "C" int __wrap_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return Pass("fcntl", [&] { return __real_fcntl(fd, command, argument); }, -1);
}

extern "C" long __real_syscall(long number, ...);
extern "C" long __wrap_syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long given[5];
  for (long& argument : given) argument = va_arg(arguments, long);
  va_end(arguments);
  return Pass(
      number == SYS_renameat2 ? "renameat2" : "syscall",
      [&] { return __real_syscall(number, given[0], given[1], given[2], given[3], given[4]); }, -1L);
}

// The tests wait for no other process, so a sleep is not needed.
extern "C" int __wrap_usleep(useconds_t) { return 0; }
