/*
 * The writer of a latest of samples. It prints its steps on standard output.
 *
 *   latest_writer [--create] OBJECT COUNT
 *
 *   OBJECT    the system's name of the latest: on Linux "/NAME.UID", on Windows "Local\NAME"
 *   COUNT     how many samples it sets; each has the number of its version
 *   --create  makes the latest, with 4 reader slots; without it, waits for the latest
 *
 * Each byte on standard input makes it set COUNT samples; the end of standard input makes it close. The byte 'd' makes
 * it write a part of a value and stop there, to be killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stream/sample.h"
#include "latest.h"

int main(int argc, char* argv[]) {
  const bool creates = argc == 4 && strcmp(argv[1], "--create") == 0;
  if (argc != (creates ? 4 : 3)) {
    fprintf(stderr, "usage: latest_writer [--create] OBJECT COUNT\n");
    return 2;
  }
  const char* object = argv[argc - 2];
  const uint32_t count = (uint32_t)atoll(argv[argc - 1]);
  struct latest latest;
  if (creates) {
    if (!latest_create(&latest, object, SAMPLE_DESCRIPTOR, sizeof(struct sample))) fail("the name is taken");
  } else {
    while (!latest_open(&latest, object, SAMPLE_DESCRIPTOR, sizeof(struct sample), true)) sleep_ms(5);
  }
  struct writer writer;
  if (!writer_join(&writer, &latest)) {
    printf("another process writes\n");
    return 3;
  }
  printf("version %u\n", writer.low);
  fflush(stdout);
  for (int byte; (byte = getchar()) != EOF;) {
    if (byte == '\n') continue;
    for (uint32_t done = 0; done < count; done++) {
      const struct sample sample = sample_of(writer.low + 1);
      memcpy(writer_next(&writer), &sample, byte == 'd' ? 6 : sizeof sample);
      if (byte == 'd') {
        printf("in the middle\n");
        fflush(stdout);
        for (;;) sleep_ms(1000);
      }
      writer_publish(&writer, sizeof sample);
    }
    printf("set %u\n", writer.low);
    fflush(stdout);
  }
  writer_close(&writer);
  latest_close(&latest);
  return 0;
}
