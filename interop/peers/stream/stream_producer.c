/*
 * A producer of samples, numbered from 0. It prints its steps on standard output.
 *
 *   stream_producer [OPTIONS] OBJECT COUNT
 *
 *   OBJECT             the system's name of the stream: on Linux "/NAME.UID", on Windows "Local\NAME"
 *   --create CAPACITY  makes the stream, with 4 producer slots and 4 consumer slots; without it, waits for the stream
 *   --overwrite        with --create: producers never wait
 *   --first NUMBER     the number of the first sample
 *   --batch N          sends batches of N samples
 *   --abort N          claims, fills and aborts another record before every Nth sample
 *   --stop N           stops in the middle of the sample with number N, to be killed
 *   --pause            waits, once it has joined, for a byte on standard input before it sends
 *   --keep             waits for the end of standard input before it closes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "stream.h"

int main(int argc, char* argv[]) {
  uint32_t capacity = 0, batch = 1, abort_every = 0, number = 0;
  long long stop = -1;
  bool keep = false, pause = false;
  enum overflow overflow = OVERFLOW_WAIT;
  int argument = 1;
  for (; argument + 2 < argc; argument++) {
    const char* option = argv[argument];
    if (strcmp(option, "--overwrite") == 0) {
      overflow = OVERFLOW_OVERWRITE;
    } else if (strcmp(option, "--keep") == 0) {
      keep = true;
    } else if (strcmp(option, "--pause") == 0) {
      pause = true;
    } else {
      const long long value = atoll(argv[++argument]);
      if (strcmp(option, "--create") == 0) capacity = (uint32_t)value;
      if (strcmp(option, "--first") == 0) number = (uint32_t)value;
      if (strcmp(option, "--batch") == 0) batch = (uint32_t)value;
      if (strcmp(option, "--abort") == 0) abort_every = (uint32_t)value;
      if (strcmp(option, "--stop") == 0) stop = value;
    }
  }
  if (argument + 2 != argc) {
    fprintf(stderr, "usage: stream_producer [OPTIONS] OBJECT COUNT\n");
    return 2;
  }
  const char* object = argv[argument];
  const uint32_t end = number + (uint32_t)atoll(argv[argument + 1]);

  struct stream stream;
  if (capacity != 0) {
    if (!stream_create(&stream, object, SAMPLE_DESCRIPTOR, capacity, 4, 4, overflow)) fail("the name is taken");
  } else {
    while (!stream_open(&stream, object, SAMPLE_DESCRIPTOR, true)) sleep_ms(5);
  }
  struct producer producer;
  producer_join(&producer, &stream);
  printf("lane %u, message %u\n", producer.lane, producer.sequence);
  fflush(stdout);

  if (pause) getchar();

  while (number != end) {
    if (batch > 1) producer_begin_batch(&producer);
    bool full = false;
    for (uint32_t done = 0; done < batch && number != end && !full; done++) {
      if (abort_every != 0 && number % abort_every == 0) {
        void* unwanted = producer_claim(&producer, 1000);
        if (unwanted != NULL) memset(unwanted, 0xaa, 1000);
        producer_abort(&producer);
      }
      struct sample* sample = producer_claim(&producer, sizeof *sample);
      full = sample == NULL;
      if (full) break;
      *sample = sample_of(number);
      if (number == stop) {
        printf("in the middle\n");
        fflush(stdout);
        for (;;) sleep_ms(1000);
      }
      producer_commit(&producer, sizeof *sample);
      number++;
    }
    if (batch > 1) producer_end_batch(&producer);
    if (full) producer_wait(&producer, sizeof(struct sample));
  }
  printf("sent\n");
  fflush(stdout);
  while (keep && getchar() != EOF) continue;
  producer_close(&producer);
  stream_close(&stream);
  return 0;
}
