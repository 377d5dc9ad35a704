/*
 * The second of the two processes, for Linux: opens named memory by plain POSIX calls and prints the message found
 * there, in UTF-8.
 *
 *   second_process [--encoding utf16le|utf8|latin1|utf32le] [--wait MS] [NAME [LENGTH]]
 *
 * NAME is the name of the object, with its leading slash. --wait waits up to MS milliseconds for the memory and for a
 * message in it. Without --wait, both must be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

enum { LOOK_INTERVAL_MS = 5, SETTLE_MS = 20 };

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void pause_ms(long ms) {
  struct timespec time = {.tv_sec = 0, .tv_nsec = ms * 1000000L};
  nanosleep(&time, NULL);
}

static int open_object(const char* name, long long deadline) {
  int descriptor;
  while ((descriptor = shm_open(name, O_RDWR, 0)) < 0 && errno == ENOENT && now_ms() < deadline) {
    pause_ms(LOOK_INTERVAL_MS);
  }
  return descriptor;
}

/* An access beyond the end of the object would end this process, so the length of the object is checked first. */
static void* map_object(int descriptor, size_t length, long long deadline) {
  struct stat status;
  for (;;) {
    if (fstat(descriptor, &status) != 0) return MAP_FAILED;
    if ((size_t)status.st_size >= length) break;
    if (now_ms() >= deadline) {
      errno = EINVAL;
      return MAP_FAILED;
    }
    pause_ms(LOOK_INTERVAL_MS);
  }
  return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
}

/* Waits for a message, and then a moment longer, until it is complete. */
static void wait_for_message(const volatile unsigned char* view, size_t unit_length, long long deadline) {
  static const unsigned char terminator[4];
  while (memcmp((const void*)view, terminator, unit_length) == 0 && now_ms() < deadline) pause_ms(LOOK_INTERVAL_MS);
  pause_ms(SETTLE_MS);
}

int main(int argc, char* argv[]) {
  const struct encoding* encoding = find_encoding("utf16le");
  long wait_ms = 0;
  int argument = 1;
  for (; argument < argc && argv[argument][0] == '-'; argument++) {
    if (strcmp(argv[argument], "--encoding") == 0 && argument + 1 < argc) {
      encoding = find_encoding(argv[++argument]);
    } else if (strcmp(argv[argument], "--wait") == 0 && argument + 1 < argc) {
      wait_ms = strtol(argv[++argument], NULL, 10);
    } else {
      encoding = NULL;
    }
  }
  if (encoding == NULL) {
    fprintf(stderr, "usage: second_process [--encoding NAME] [--wait MS] [NAME [LENGTH]]\n");
    return 2;
  }
  const char* name = argument < argc ? argv[argument] : "/MyFileMappingObject";
  size_t length = argument + 1 < argc ? strtoul(argv[argument + 1], NULL, 10) : 256;
  long long deadline = now_ms() + wait_ms;

  int descriptor = open_object(name, deadline);
  if (descriptor < 0) {
    fprintf(stderr, "Could not open file mapping object (%d).\n", errno);
    return 1;
  }
  void* view = map_object(descriptor, length, deadline);
  if (view == MAP_FAILED) {
    fprintf(stderr, "Could not map view of file (%d).\n", errno);
    close(descriptor);
    return 1;
  }

  if (wait_ms > 0) wait_for_message(view, encoding->unit_length, deadline);
  char* message = decode_text(encoding, view, length);
  if (message == NULL) {
    fprintf(stderr, "The memory does not hold %s text.\n", encoding->name);
  } else {
    puts(message);
  }
  int status = message == NULL;

  free(message);
  munmap(view, length);
  close(descriptor);
  return status;
}
