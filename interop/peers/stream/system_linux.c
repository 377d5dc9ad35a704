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
};

struct lease {
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

/* The caller holds LOCK_EX. */
static void remove_name(const char* path, int fd) {
  if (!leads_to(path, fd)) return;
  const char* name = path + sizeof FOLDER;
  const size_t length = strlen(name);
  DIR* folder = opendir(FOLDER);
  const struct dirent* entry;
  while (folder != NULL && (entry = readdir(folder)) != NULL) {
    const char* rest = entry->d_name + length;
    if (strncmp(entry->d_name, name, length) != 0) continue;
    if (strncmp(rest, ".bell.", 6) == 0 || strncmp(rest, ".lease.", 7) == 0) unlinkat(dirfd(folder), entry->d_name, 0);
  }
  if (folder != NULL) closedir(folder);
  unlink(path);
}

static void close_file(const char* path, int fd, bool counted) {
  if (counted && flock(fd, LOCK_EX | LOCK_NB) == 0) remove_name(path, fd);
  close(fd);
}

/* The descriptor of memory that somebody holds, and whether it is counted; -1 when there is none. */
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
  close_file(memory->path, memory->fd, memory->counted);
  free(memory);
}

unsigned char* memory_bytes(const struct memory* memory) { return memory->bytes; }
size_t memory_length(const struct memory* memory) { return memory->length; }

/* ---- leases ---- */

static struct flock byte_at(unsigned offset, short type) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
}

static bool try_lock(int fd, unsigned offset) {
  struct flock lock = byte_at(offset, F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return true;
  if (errno != EAGAIN && errno != EACCES) fail("fcntl(F_OFD_SETLK)");
  return false;
}

static void unlock(int fd, unsigned offset) {
  struct flock lock = byte_at(offset, F_UNLCK);
  if (fcntl(fd, F_OFD_SETLK, &lock) != 0) fail("fcntl(F_OFD_SETLK)");
}

static void lease_path(const struct memory* memory, unsigned number, char path[static 340]) {
  snprintf(path, 340, "%s.lease.%u", memory->path, number);
}

/* The FIFO that is there, open for reading and writing; -1 when there is none. */
static int open_fifo(const char* path) {
  const int fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) fail(path);
  return fd;
}

/* A new one, under a name of its own. */
static int make_fifo(const struct memory* memory, const char* path, char fresh[static 360]) {
  snprintf(fresh, 360, "%s.new", path);
  for (unsigned number = 1; mkfifo(fresh, 0600) != 0; number++) {
    if (errno != EEXIST) fail("mkfifo");
    snprintf(fresh, 360, "%s.new%u", path, number);
  }
  const int fd = open_fifo(fresh);
  struct stat status;
  if (fstat(memory->fd, &status) != 0 || fchmod(fd, (status.st_mode & 0777) | S_ISVTX) != 0) fail("fchmod");
  return fd;
}

/* The FIFO of a lease that is held, open for reading; -1 when nobody has it. */
static int open_held(const struct memory* memory, unsigned number) {
  char path[340];
  lease_path(memory, number, path);
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return -1;
  if (fd < 0) fail(path);
  struct flock lock = byte_at(0, F_WRLCK);
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) fail("fcntl(F_OFD_GETLK)");
  if (lock.l_type != F_UNLCK) return fd;
  close(fd);
  return -1;
}

bool lease_is_held(const struct memory* memory, unsigned number) {
  const int fd = open_held(memory, number);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static int take(struct memory* memory, unsigned number) {
  char path[340], fresh[360];
  lease_path(memory, number, path);
  int fd = make_fifo(memory, path, fresh);
  if (!try_lock(fd, 0)) fail("a new FIFO is locked");
  if (rename(fresh, path) == 0) return fd;
  if (errno != EPERM && errno != EACCES) fail("rename");
  unlink(fresh);
  close(fd);
  fd = open_fifo(path);
  if (fd < 0) fail(path);
  if (try_lock(fd, 0)) return fd;
  close(fd);
  return -1;
}

struct lease* lease_claim(struct memory* memory, unsigned number) {
  if (lease_is_held(memory, number) || !try_lock(memory->fd, number)) return NULL;
  const int fd = lease_is_held(memory, number) ? -1 : take(memory, number);
  unlock(memory->fd, number);
  if (fd < 0) return NULL;
  struct lease* lease = allocate(sizeof *lease);
  lease->fd = fd;
  return lease;
}

void lease_release(struct lease* lease) {
  unlock(lease->fd, 0);
  close(lease->fd);
  free(lease);
}

/* ---- bells ---- */

struct bell* bell_open(struct memory* memory, unsigned number) {
  char path[340];
  snprintf(path, sizeof path, "%s.bell.%u", memory->path, number);
  struct bell* bell = allocate(sizeof *bell);
  while ((bell->fd = open_fifo(path)) < 0) {
    char fresh[360];
    bell->fd = make_fifo(memory, path, fresh);
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) == 0) break;
    if (errno != EEXIST) fail("renameat2");
    unlink(fresh); /* somebody was quicker */
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

bool bell_wait(struct memory* memory, struct bell* bell, const unsigned* leases, size_t count) {
  struct pollfd watched[1 + MAX_WATCHED] = {{.fd = bell->fd, .events = POLLIN}};
  size_t opened = 1;
  bool held = true;
  for (size_t index = 0; held && index < count && opened <= MAX_WATCHED; index++) {
    const int fd = open_held(memory, leases[index]);
    held = fd >= 0;
    if (held) watched[opened++] = (struct pollfd){.fd = fd};
  }
  if (held && poll(watched, opened, -1) < 0 && errno != EINTR) fail("poll");
  while (opened > 1) close(watched[--opened].fd);
  char rings[4096];
  while (held && read(bell->fd, rings, sizeof rings) > 0) continue;
  return held;
}

void bell_close(struct bell* bell) {
  close(bell->fd);
  free(bell);
}

/* As in memlane, a variable makes it a kernel that cannot. */
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
