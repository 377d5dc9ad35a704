/*
 * A consumer of samples: checks each one's content, and that the numbers of each lane follow one another.
 *
 *   stream_consumer [--oldest] [--read-only] [--hold N] [--pause] OBJECT
 *
 *   OBJECT       the system's name of the stream: on Linux "/NAME.UID", on Windows "Local\NAME"
 *   --oldest     begins with the oldest sample that is there; the default is the next new sample
 *   --read-only  maps the stream without the right to write
 *   --hold N     stops reading forever after N samples
 *   --pause      waits, once it has joined, for a byte on standard input before it reads
 *
 * It prints "joined", and at the end "COUNT samples, MISSED missed, closed" (or "died").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "stream.h"

int main(int argc, char* argv[]) {
  bool oldest = false, read_only = false, pause = false;
  uint64_t hold = UINT64_MAX;
  int argument = 1;
  for (; argument + 1 < argc; argument++) {
    if (strcmp(argv[argument], "--oldest") == 0) oldest = true;
    if (strcmp(argv[argument], "--read-only") == 0) read_only = true;
    if (strcmp(argv[argument], "--pause") == 0) pause = true;
    if (strcmp(argv[argument], "--hold") == 0) hold = strtoull(argv[++argument], NULL, 10);
  }
  if (argument + 1 != argc) {
    fprintf(stderr, "usage: stream_consumer [OPTIONS] OBJECT\n");
    return 2;
  }

  struct stream stream;
  while (!stream_open(&stream, argv[argument], SAMPLE_DESCRIPTOR, !read_only)) sleep_ms(5);
  static struct consumer consumer;
  consumer_join(&consumer, &stream, !read_only, oldest);
  printf("joined\n");
  fflush(stdout);
  if (pause) getchar();

  uint64_t count = 0;
  uint32_t next[64];
  bool began[64] = {false};
  enum end end = NOT_ENDED;
  while (end == NOT_ENDED) {
    uint32_t length, lane, number;
    const void* payload = consumer_next(&consumer, &length, &lane);
    if (payload == NULL) {
      end = consumer_wait(&consumer);
      continue;
    }
    if (!is_sample(payload, length, &number)) {
      fprintf(stderr, "after %llu: no sample in lane %u\n", (unsigned long long)count, lane);
      return 1;
    }
    if (began[lane] && (consumer.holds ? number != next[lane] : number < next[lane])) {
      fprintf(stderr, "lane %u: %u where %u was due\n", lane, number, next[lane]);
      return 1;
    }
    began[lane] = true;
    next[lane] = number + 1;
    if (++count == hold) {
      printf("holding\n");
      fflush(stdout);
      for (;;) sleep_ms(1000);
    }
  }
  printf("%llu samples, %llu missed, %s\n", (unsigned long long)count, (unsigned long long)consumer.missed,
         end == ENDED_CLOSED ? "closed" : "died");
  consumer_leave(&consumer);
  stream_close(&stream);
  return 0;
}
