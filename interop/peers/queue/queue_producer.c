/* Sends samples to a queue, and waits until all are settled.

   queue_producer [--create] [--batch N] OBJECT FIRST COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stream/sample.h"
#include "queue.h"

int main(int count, char** arguments) {
  bool create = false;
  uint32_t batch = 1;
  int next = 1;
  for (; next < count && arguments[next][0] == '-'; next++) {
    if (strcmp(arguments[next], "--create") == 0)
      create = true;
    else if (strcmp(arguments[next], "--batch") == 0 && next + 1 < count)
      batch = (uint32_t)atoi(arguments[++next]);
    else
      return 2;
  }
  if (count - next != 3 || batch < 1 || batch > 64) return 2;
  const uint32_t first = (uint32_t)atoi(arguments[next + 1]);
  const uint32_t end = first + (uint32_t)atoi(arguments[next + 2]);

  struct queue queue;
  const bool there = create ? queue_create(&queue, arguments[next], SAMPLE_DESCRIPTOR, 64, sizeof(struct sample), 3)
                            : queue_open(&queue, arguments[next], SAMPLE_DESCRIPTOR);
  if (!there) fail(arguments[next]);
  struct producer producer;
  producer_join(&producer, &queue);
  printf("place %u, message %u\n", producer.place, producer.tail);
  fflush(stdout);
  for (uint32_t number = first; number < end;) {
    struct sample samples[64];
    uint32_t wanted = 0;
    for (; wanted < batch && number + wanted < end; wanted++) samples[wanted] = sample_of(number + wanted);
    const uint32_t sent = producer_send(&producer, samples, sizeof(struct sample), wanted);
    if (sent == 0) producer_wait(&producer, false);
    number += sent;
  }
  producer_wait(&producer, true);
  printf("%u samples are settled\n", end - first);
  producer_leave(&producer);
  queue_close(&queue);
  return 0;
}
