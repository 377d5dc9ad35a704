#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system.h"

#define FOLDER "/dev/shm"
#define MAX_WATCHED 64

struct memory {
  int fd;
  bool counted;
  unsigned char* bytes;
  size_t length;
  char path[300];
  int folder; /* the folder of its bells and leases; -1 until it is needed */
};

struct lease {
  struct memory* memory;
  unsigned number;
  int fd;
};

struct bell {
  int fd;
};

_Noreturn void fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(3);
}

static void* allocate(size_t size) {
  void* block = calloc(1, size);
  if (block == NULL) fail("calloc");
  return block;
}

static bool leads_to(const char* path, int fd) {
  struct stat file, named;
  return fstat(fd, &file) == 0 && lstat(path, &named) == 0 && file.st_dev == named.st_dev &&
         file.st_ino == named.st_ino;
}

/* ---- the folder of bells and leases ---- */

static void folder_path(int memory, char path[static 60]) {
  struct stat status;
  if (fstat(memory, &status) != 0) fail("fstat");
  snprintf(path, 60, FOLDER "/.memlane.%llu", (unsigned long long)status.st_ino);
}

/* Closes the folder, and removes it if no other process uses it. */
static void leave_folder(int folder, const char* path) {
  if (flock(folder, LOCK_EX | LOCK_NB) != 0) {
    close(folder);
    return;
  }
  DIR* entries = fdopendir(folder);
  if (entries == NULL) fail("fdopendir");
  const struct dirent* entry;
  while ((entry = readdir(entries)) != NULL) unlinkat(folder, entry->d_name, 0);
  if (leads_to(path, folder)) rmdir(path);
  closedir(entries);
}

/* Gives a file or folder the permissions of the memory, and its group if possible. */
static void admit(const struct memory* memory, int fd, bool folder) {
  struct stat status;
  if (fstat(memory->fd, &status) != 0) fail("fstat");
  mode_t mode = (status.st_mode & 0777) | 0600;
  if (folder) {
    mode = 0700;
    if (status.st_mode & 0060) mode |= status.st_mode & 0020 ? 0070 : 0050;
    if (status.st_mode & 0006) mode |= status.st_mode & 0002 ? 0007 : 0005;
  }
  if (fchown(fd, geteuid() == 0 ? status.st_uid : (uid_t)-1, status.st_gid) != 0 && errno != EPERM) fail("fchown");
  if (fchmod(fd, mode) != 0) fail("fchmod");
}

/* Opens the folder of bells and leases. The first process that needs the folder creates it under a temporary name. */
static int enter_folder(struct memory* memory) {
  char path[60], fresh[80];
  folder_path(memory->fd, path);
  if (memory->folder >= 0 && !leads_to(path, memory->folder)) { /* removed from outside */
    close(memory->folder);
    memory->folder = -1;
  }
  while (memory->folder < 0) {
    memory->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (memory->folder < 0 && errno != ENOENT) fail(path);
    if (memory->folder >= 0) {
      if (flock(memory->folder, LOCK_SH | LOCK_NB) == 0 && leads_to(path, memory->folder)) break;
      close(memory->folder); /* its last user is removing it */
      memory->folder = -1;
      sleep_ms(1);
      continue;
    }
    snprintf(fresh, sizeof fresh, "%s.new", path);
    for (unsigned number = 1; mkdir(fresh, 0700) != 0; number++) {
      if (errno != EEXIST) fail("mkdir");
      snprintf(fresh, sizeof fresh, "%s.new%u", path, number);
    }
    const int made = open(fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0) continue; /* another process removed it as left by a crash */
    admit(memory, made, true);
    if (flock(made, LOCK_SH | LOCK_NB) == 0 && renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
      memory->folder = made;
    } else {
      rmdir(fresh); /* another process was faster */
      close(made);
    }
  }
  return memory->folder;
}

/* ---- memory ---- */

/* The caller holds LOCK_EX. */
static void remove_name(const char* path, int fd) {
  char folder[60];
  folder_path(fd, folder);
  const int left = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); /* left by a crash */
  if (left >= 0) leave_folder(left, folder);
  if (leads_to(path, fd)) unlink(path);
}

static void close_file(const char* path, int fd, bool counted) {
  if (counted && flock(fd, LOCK_EX | LOCK_NB) == 0) remove_name(path, fd);
  close(fd);
}

/* Opens memory that a process holds, and sets whether its holders are counted. Returns -1 if there is none. */
static int open_file(const char* path, bool writable, bool* counted) {
  for (;;) {
    const int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return -1;
    if (fd < 0) fail(path);
    struct stat status;
    if (fstat(fd, &status) != 0) fail("fstat");
    if (!S_ISREG(status.st_mode) || (status.st_uid != geteuid() && status.st_uid != 0)) {
      errno = EACCES;
      fail(path);
    }
    *counted = (status.st_mode & S_ISVTX) != 0;
    if (!*counted) return fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
      remove_name(path, fd);
      close(fd);
      return -1;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
      close(fd);
      return -1;
    }
    if (leads_to(path, fd)) return fd;
    close(fd);
  }
}

static struct memory* map(const char* path, int fd, bool counted, bool writable) {
  struct memory* memory = allocate(sizeof *memory);
  struct stat status;
  if (fstat(fd, &status) != 0) fail("fstat");
  memory->fd = fd;
  memory->folder = -1;
  memory->counted = counted;
  memory->length = (size_t)status.st_size;
  snprintf(memory->path, sizeof memory->path, "%s", path);
  memory->bytes = mmap(NULL, memory->length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (memory->bytes == MAP_FAILED) fail("mmap");
  return memory;
}

struct memory* memory_open(const char* object, bool writable) {
  char path[300];
  snprintf(path, sizeof path, FOLDER "%s", object);
  bool counted;
  const int fd = open_file(path, writable, &counted);
  return fd < 0 ? NULL : map(path, fd, counted, writable);
}

struct memory* memory_create(const char* object, size_t length) {
  char path[300];
  snprintf(path, sizeof path, FOLDER "%s", object);
  const int fd = open(FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fail("open(O_TMPFILE)");
  if ((errno = posix_fallocate(fd, 0, (off_t)length)) != 0) fail("posix_fallocate");
  if (fchmod(fd, 0600 | S_ISVTX) != 0) fail("fchmod");
  if (flock(fd, LOCK_SH | LOCK_NB) != 0) fail("flock");
  return map(path, fd, true, true);
}

bool memory_publish(struct memory* memory) {
  char unnamed[40];
  snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", memory->fd);
  for (int attempt = 0; attempt < 250; attempt++) {
    if (linkat(AT_FDCWD, unnamed, AT_FDCWD, memory->path, AT_SYMLINK_FOLLOW) == 0) return true;
    if (errno != EEXIST) fail("linkat");
    bool counted;
    const int other = open_file(memory->path, false, &counted);
    if (other >= 0) {
      close_file(memory->path, other, counted);
      return false;
    }
    sleep_ms(1);
  }
  return false;
}

void memory_close(struct memory* memory) {
  munmap(memory->bytes, memory->length);
  if (memory->folder >= 0) {
    char path[60];
    folder_path(memory->fd, path);
    leave_folder(memory->folder, path);
  }
  close_file(memory->path, memory->fd, memory->counted);
  free(memory);
}

unsigned char* memory_bytes(const struct memory* memory) { return memory->bytes; }
size_t memory_length(const struct memory* memory) { return memory->length; }

/* ---- FIFOs ---- */

/* Opens an existing FIFO. Returns -1 if there is none. */
static int open_fifo(struct memory* memory, const char* name, int flags) {
  const int fd = openat(enter_folder(memory), name, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) fail(name);
  return fd;
}

/* Creates a FIFO under a temporary name, and opens it for reading and writing. */
static int make_fifo(struct memory* memory, const char* name, char fresh[static 40]) {
  snprintf(fresh, 40, "%s.new", name);
  for (unsigned number = 1; mkfifoat(enter_folder(memory), fresh, 0600) != 0; number++) {
    if (errno != EEXIST) fail("mkfifoat");
    snprintf(fresh, 40, "%s.new%u", name, number);
  }
  const int fd = open_fifo(memory, fresh, O_RDWR);
  if (fd < 0) fail(fresh);
  admit(memory, fd, false);
  return fd;
}

/* ---- leases ---- */

/* The system does not refuse a lock that this process already holds. Here a process claims each lease only once, so
   that is no problem. */
static bool set_lock(const struct memory* memory, unsigned number, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
  if (fcntl(memory->fd, F_OFD_SETLK, &lock) == 0) return true;
  if (errno != EAGAIN && errno != EACCES) fail("fcntl(F_OFD_SETLK)");
  return false;
}

bool lease_is_held(const struct memory* memory, unsigned number) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
  if (fcntl(memory->fd, F_OFD_GETLK, &lock) != 0) fail("fcntl(F_OFD_GETLK)");
  return lock.l_type != F_UNLCK;
}

struct lease* lease_claim(struct memory* memory, unsigned number) {
  if (!set_lock(memory, number, F_WRLCK)) return NULL;
  struct lease* lease = allocate(sizeof *lease);
  char name[20], fresh[40];
  snprintf(name, sizeof name, "lease.%u", number);
  *lease = (struct lease){memory, number, make_fifo(memory, name, fresh)};
  if (renameat(memory->folder, fresh, memory->folder, name) != 0) fail("renameat");
  return lease;
}

void lease_release(struct lease* lease) {
  char name[20];
  snprintf(name, sizeof name, "lease.%u", lease->number);
  unlinkat(lease->memory->folder, name, 0); /* it belongs to this lease while the lock is held */
  set_lock(lease->memory, lease->number, F_UNLCK);
  close(lease->fd);
  free(lease);
}

/* Opens the FIFO of a lease for reading. Returns -1 if the FIFO would not hang up at the end of its owner. */
static int open_watch(struct memory* memory, unsigned number) {
  char name[20], byte;
  snprintf(name, sizeof name, "lease.%u", number);
  const int fd = open_fifo(memory, name, O_RDONLY);
  if (fd < 0 || (read(fd, &byte, 1) < 0 && errno == EAGAIN)) return fd;
  close(fd);
  return -1;
}

/* ---- bells ---- */

struct bell* bell_open(struct memory* memory, unsigned number) {
  char name[20], fresh[40];
  snprintf(name, sizeof name, "bell.%u", number);
  struct bell* bell = allocate(sizeof *bell);
  while ((bell->fd = open_fifo(memory, name, O_RDWR)) < 0) {
    bell->fd = make_fifo(memory, name, fresh);
    if (renameat2(memory->folder, fresh, memory->folder, name, RENAME_NOREPLACE) == 0) break;
    if (errno != EEXIST) fail("renameat2");
    unlinkat(memory->folder, fresh, 0); /* another process was faster */
    close(bell->fd);
  }
  return bell;
}

void bell_ring(struct bell* bell) {
  while (write(bell->fd, "", 1) != 1) {
    if (errno == EAGAIN) return;
    if (errno != EINTR) fail("write");
  }
}

#define CHECK_MS 2000 /* without a ring, the caller checks at this interval: the FIFO of the bell may be gone */
#define SOON_MS 10    /* the interval if a lease is held, but its FIFO would not hang up */

bool bell_wait(struct memory* memory, struct bell* bell, const unsigned* leases, size_t count) {
  struct pollfd watched[1 + MAX_WATCHED] = {{.fd = bell->fd, .events = POLLIN}};
  size_t opened = 1;
  bool held = true;
  int limit = CHECK_MS;
  for (size_t index = 0; held && index < count && opened <= MAX_WATCHED; index++) {
    held = lease_is_held(memory, leases[index]);
    const int fd = held ? open_watch(memory, leases[index]) : -1;
    if (fd >= 0)
      watched[opened++] = (struct pollfd){.fd = fd};
    else
      limit = SOON_MS;
  }
  if (held && poll(watched, opened, limit) < 0 && errno != EINTR) fail("poll");
  while (opened > 1) close(watched[--opened].fd);
  char rings[4096];
  while (held && read(bell->fd, rings, sizeof rings) > 0) continue;
  return held;
}

void bell_close(struct bell* bell) {
  close(bell->fd);
  free(bell);
}

/* As in memlane, an environment variable makes this behave as on a kernel without barriers. */
bool memory_barrier(void) {
  const char* setting = getenv("MEMLANE_MEMBARRIER");
  if (setting != NULL && strcmp(setting, "off") == 0) return false;
  return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0;
}

uint64_t random_number(void) {
  uint64_t number;
  if (getrandom(&number, sizeof number, 0) != sizeof number) fail("getrandom");
  return number;
}

void sleep_ms(unsigned ms) { usleep(ms * 1000); }
