/*
 * The first of the two processes, for Linux: makes named memory by plain POSIX calls, writes a message into it, waits
 * for a key, and removes the name if it made it.
 *
 *   first_process [--encoding utf16le|utf8|latin1|utf32le] [--keep] [NAME [LENGTH [MESSAGE]]]
 *
 * NAME is the name of the object, with its leading slash. --keep does not remove the name at the end. If standard input
 * is not a terminal, one byte or the end of the input counts as the key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "text.h"

static void wait_for_key(void) {
  struct termios usual, raw;
  bool terminal = tcgetattr(STDIN_FILENO, &usual) == 0;
  if (terminal) {
    raw = usual;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  char byte;
  while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) continue;
  if (terminal) tcsetattr(STDIN_FILENO, TCSANOW, &usual);
}

/* Creates the object, or opens an existing one. Makes sure that it has at least the given length. */
static int create_or_open(const char* name, off_t length, bool* created) {
  int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  *created = descriptor >= 0;
  if (!*created && errno == EEXIST) descriptor = shm_open(name, O_RDWR, 0);
  if (descriptor < 0) return -1;

  struct stat status;
  if (fstat(descriptor, &status) == 0 && (status.st_size >= length || ftruncate(descriptor, length) == 0)) {
    return descriptor;
  }
  int error = errno;
  if (*created) shm_unlink(name);
  close(descriptor);
  errno = error;
  return -1;
}

int main(int argc, char* argv[]) {
  const struct encoding* encoding = find_encoding("utf16le");
  bool keep = false;
  int argument = 1;
  for (; argument < argc && argv[argument][0] == '-'; argument++) {
    if (strcmp(argv[argument], "--keep") == 0) {
      keep = true;
    } else if (strcmp(argv[argument], "--encoding") == 0 && argument + 1 < argc) {
      encoding = find_encoding(argv[++argument]);
    } else {
      encoding = NULL;
    }
  }
  if (encoding == NULL) {
    fprintf(stderr, "usage: first_process [--encoding NAME] [--keep] [NAME [LENGTH [MESSAGE]]]\n");
    return 2;
  }
  const char* name = argument < argc ? argv[argument] : "/MyFileMappingObject";
  size_t length = argument + 1 < argc ? strtoul(argv[argument + 1], NULL, 10) : 256;
  const char* message = argument + 2 < argc ? argv[argument + 2] : "Message from first process.";

  size_t encoded_length;
  void* encoded = encode_text(encoding, message, &encoded_length);
  if (encoded == NULL || encoded_length > length) {
    fprintf(stderr, "The message does not fit.\n");
    free(encoded);
    return 1;
  }

  bool created;
  int descriptor = create_or_open(name, (off_t)length, &created);
  if (descriptor < 0) {
    fprintf(stderr, "Could not create file mapping object (%d).\n", errno);
    free(encoded);
    return 1;
  }

  int status = 0;
  void* view = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (view == MAP_FAILED) {
    fprintf(stderr, "Could not map view of file (%d).\n", errno);
    status = 1;
  } else {
    memcpy(view, encoded, encoded_length);
    printf("Ready (%s).\n", created ? "created" : "opened");
    fflush(stdout);
    wait_for_key();
    munmap(view, length);
  }
  if (created && !keep) shm_unlink(name);
  close(descriptor);
  free(encoded);
  return status;
}
