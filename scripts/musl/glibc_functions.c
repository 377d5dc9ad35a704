// Stand-ins for the functions of glibc that Debian's C++ library uses, and that musl lacks.
#include <stddef.h>

int getentropy(void* buffer, size_t length);

__attribute__((visibility("hidden"))) void* __dso_handle = &__dso_handle;

// 0 is always right: it means that other threads may run.
char __libc_single_threaded = 0;

// -1 means "not found": the caller then asks dl_iterate_phdr.
int _dl_find_object(void* address, void* result) {
  (void)address;
  (void)result;
  return -1;
}

unsigned arc4random(void) {
  unsigned random;
  getentropy(&random, sizeof random);
  return random;
}
