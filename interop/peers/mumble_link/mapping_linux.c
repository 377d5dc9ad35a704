#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping.h"

const char* default_name(void) {
  static char name[64];
  snprintf(name, sizeof name, "/MumbleLink.%u", (unsigned)getuid());
  return name;
}

static bool map(int descriptor, size_t length, struct mapping* mapping) {
  struct stat status;
  mapping->length = length;
  mapping->view = MAP_FAILED;
  if (fstat(descriptor, &status) == 0) {
    errno = EINVAL; /* do not map memory that is too short: an access beyond its end would end this process */
    if ((size_t)status.st_size >= length) {
      mapping->view = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
  }
  if (mapping->view == MAP_FAILED) fprintf(stderr, "Could not map view of file (%d).\n", errno);
  close(descriptor);
  return mapping->view != MAP_FAILED;
}

bool create_or_open_mapping(const char* name, size_t length, struct mapping* mapping) {
  int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  mapping->created = descriptor >= 0;
  if (!mapping->created && errno == EEXIST) descriptor = shm_open(name, O_RDWR, 0);
  if (descriptor < 0 || (mapping->created && ftruncate(descriptor, (off_t)length) != 0)) {
    fprintf(stderr, "Could not create file mapping object (%d).\n", errno);
    return false;
  }
  return map(descriptor, length, mapping);
}

bool open_mapping(const char* name, size_t length, struct mapping* mapping) {
  mapping->created = false;
  int descriptor = shm_open(name, O_RDWR, 0);
  if (descriptor < 0) {
    fprintf(stderr, "Could not open file mapping object (%d).\n", errno);
    return false;
  }
  return map(descriptor, length, mapping);
}

void close_mapping(const char* name, struct mapping* mapping) {
  munmap(mapping->view, mapping->length);
  if (mapping->created) shm_unlink(name);
}
