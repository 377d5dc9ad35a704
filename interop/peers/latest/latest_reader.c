/*
 * A reader of a latest of samples: it reads after each change, until the writer ends.
 *
 *   latest_reader [--read] OBJECT
 *
 *   --read  has no write access, so it takes no slot and nothing can wake it
 *
 * Its last line is "COUNT values up to version VERSION, closed" (or "died").
 */
#include <stdio.h>
#include <string.h>

#include "../stream/sample.h"
#include "latest.h"

int main(int argc, char* argv[]) {
  const bool reads = argc == 3 && strcmp(argv[1], "--read") == 0;
  if (argc != (reads ? 3 : 2)) {
    fprintf(stderr, "usage: latest_reader [--read] OBJECT\n");
    return 2;
  }
  struct latest latest;
  while (!latest_open(&latest, argv[argc - 1], SAMPLE_DESCRIPTOR, sizeof(struct sample), !reads)) sleep_ms(5);
  struct reader reader;
  reader_join(&reader, &latest, !reads);
  printf("joined\n");
  fflush(stdout);
  uint64_t version = 0, count = 0;
  while (reader_wait(&reader, version)) {
    struct sample sample;
    uint32_t number;
    const uint64_t before = version;
    const uint32_t length = reader_get(&reader, &sample, &version);
    if (!is_sample(&sample, length, &number) || number != (uint32_t)version || version <= before) {
      fprintf(stderr, "version %u came after %u, with a wrong value\n", (unsigned)version, (unsigned)before);
      return 1;
    }
    count++;
  }
  const enum state state = reader_writer(&reader);
  printf("%u values up to version %u, %s\n", (unsigned)count, (unsigned)version,
         state == WRITER_CLOSED ? "closed" : "died");
  reader_leave(&reader);
  latest_close(&latest);
  return 0;
}
