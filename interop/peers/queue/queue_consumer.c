/* Takes samples from a queue until it has acknowledged COUNT of them. Prints the number of each if there are few.

   queue_consumer [--hold N] [--retry N] [--reject N] OBJECT COUNT

   --hold N: takes N samples, prints `holds`, and waits for a byte before it goes on.
   --retry N: gives every Nth sample back once, after 1 ms. --reject N: rejects every Nth sample. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stream/sample.h"
#include "queue.h"

static struct delivery held[64];

int main(int count, char** arguments) {
  uint32_t hold = 0, retry = 0, reject = 0;
  int next = 1;
  for (; next + 1 < count && arguments[next][0] == '-'; next += 2) {
    const uint32_t value = (uint32_t)atoi(arguments[next + 1]);
    if (strcmp(arguments[next], "--hold") == 0 && value <= 64)
      hold = value;
    else if (strcmp(arguments[next], "--retry") == 0)
      retry = value;
    else if (strcmp(arguments[next], "--reject") == 0)
      reject = value;
    else
      return 2;
  }
  if (count - next != 2) return 2;
  const uint32_t wanted = (uint32_t)atoi(arguments[next + 1]);

  struct queue queue;
  if (!queue_open(&queue, arguments[next], SAMPLE_DESCRIPTOR)) fail(arguments[next]);
  struct consumer consumer;
  consumer_join(&consumer, &queue);
  printf("joined\n");
  fflush(stdout);

  if (hold > 0) {
    for (uint32_t index = 0; index < hold;) {
      if (consumer_take(&consumer, &held[index]))
        index++;
      else
        consumer_wait(&consumer);
    }
    printf("holds\n");
    fflush(stdout);
    if (getchar() == EOF) return 1;
    for (uint32_t index = 0; index < hold; index++) {
      if (!consumer_acknowledge(&consumer, &held[index])) fail("acknowledge");
    }
  }
  uint32_t again = 0, rejected = 0;
  for (uint32_t done = hold; done < wanted;) {
    struct delivery delivery;
    if (!consumer_take(&consumer, &delivery)) {
      consumer_wait(&consumer);
      continue;
    }
    uint32_t number;
    if (!is_sample(delivery.message, delivery.length, &number)) fail("a sample is wrong");
    bool ended;
    if (delivery.count > 1) again++;
    if (retry > 0 && number % retry == 0 && delivery.count == 1) {
      ended = consumer_retry(&consumer, &delivery, 1, "later");
    } else if (reject > 0 && number % reject == 0) {
      ended = consumer_reject(&consumer, &delivery, "rejected in C");
      rejected++;
      done++;
    } else {
      ended = consumer_acknowledge(&consumer, &delivery);
      done++;
      if (wanted <= 20) printf("%u, delivery %u\n", number, delivery.count);
    }
    if (!ended) fail("the delivery was taken away");
  }
  printf("%u samples, %u again, %u rejected\n", wanted, again, rejected);
  consumer_leave(&consumer);
  queue_close(&queue);
  return 0;
}
