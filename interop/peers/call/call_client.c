/* Calls a procedure of samples.h with COUNT numbers. Prints what becomes of each call if there are few.

   call_client [--parallel N] [--timeout MS] [--cancel] OBJECT PROCEDURE FIRST COUNT

   --parallel N: makes N calls at a time, at most 64. --timeout MS: gives up each call after that time. --cancel: prints
   `sent` when it has sent its first calls, waits for a byte, and gives them up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "samples.h"

enum { MAX_PARALLEL = 64 };

struct pending {
  uint32_t number;
  uint32_t parts;
  double deadline;
};

static struct calls calls;
static struct client client;
static uint32_t procedure;
static size_t slots[MAX_PARALLEL];
static struct pending pending[MAX_PARALLEL];
static size_t active;
static bool shows;
static uint32_t answered, ended_otherwise;

static void show(uint32_t number, const char* what) {
  ended_otherwise++;
  printf("%u: %s\n", number, what);
}

/* The slot belongs to no call of this program any more. */
static void forget(size_t index) {
  active--;
  slots[index] = slots[active];
  pending[index] = pending[active];
}

static void read_parts(size_t index) {
  uint32_t offset = 0, length, number;
  for (const void* part; (part = next_part(&calls, slots[index], &offset, &length)) != NULL;) {
    if (!is_sample(part, length, &number) || number != pending[index].parts) fail("a part is wrong");
    pending[index].parts++;
  }
  client_hand_back(&client, slots[index]);
}

static void end_answered(size_t index) {
  const uint32_t asked = pending[index].number;
  uint32_t length, number;
  const void* answer = answer_in(&calls, slots[index], &length);
  switch (calls_status(&calls, slots[index])) {
    case DONE:
      if (procedure == UP_TO) {
        if (length != 0 || pending[index].parts != asked) fail("parts are missing");
      } else if (!is_sample(answer, length, &number) || number != 2 * asked) {
        fail("an answer is wrong");
      }
      answered++;
      if (shows) printf("%u: answered\n", asked);
      break;
    case FAILED:
      ended_otherwise++;
      printf("%u: %.*s\n", asked, (int)length, (const char*)answer);
      break;
    case EXPIRED:
      show(asked, "expired");
      break;
    default:
      show(asked, "late");
  }
}

static void look(size_t index) {
  const uint32_t kind = client_look(&client, slots[index]);
  if (kind == PART) {
    read_parts(index);
  } else if (kind == ANSWERED || kind == DIED) {
    if (kind == ANSWERED)
      end_answered(index);
    else
      show(pending[index].number, "died");
    client_free(&client, slots[index]);
    forget(index);
  }
}

static void give_up(size_t index) {
  const enum given_up outcome = client_give_up(&client, slots[index]);
  if (outcome == HAS_ENDED) {
    look(index);
  } else {
    show(pending[index].number, outcome == NOT_TAKEN ? "given up, not taken" : "given up, taken");
    forget(index);
  }
}

int main(int count, char** arguments) {
  static const char* const names[] = {"twice", "again", "upTo"};
  uint32_t parallel = 1;
  double timeout = 0;
  bool cancel = false;
  int next = 1;
  for (; next < count && arguments[next][0] == '-'; next++) {
    if (strcmp(arguments[next], "--cancel") == 0)
      cancel = true;
    else if (strcmp(arguments[next], "--parallel") == 0 && next + 1 < count)
      parallel = (uint32_t)atoi(arguments[++next]);
    else if (strcmp(arguments[next], "--timeout") == 0 && next + 1 < count)
      timeout = atof(arguments[++next]);
    else
      return 2;
  }
  if (count - next != 4 || parallel < 1 || parallel > MAX_PARALLEL) return 2;
  while (procedure <= UP_TO && strcmp(arguments[next + 1], names[procedure]) != 0) procedure++;
  if (procedure > UP_TO) return 2;
  const uint32_t first = (uint32_t)atoi(arguments[next + 2]);
  const uint32_t end = first + (uint32_t)atoi(arguments[next + 3]);
  shows = end - first <= 20;

  if (!calls_open(&calls, arguments[next], SAMPLES_DESCRIPTOR, SAMPLES_IDEMPOTENT)) fail(arguments[next]);
  client_connect(&client, &calls);
  printf("connected\n");
  fflush(stdout);
  for (uint32_t number = first; number < end || active > 0;) {
    while (active < parallel && number < end) {
      const struct sample request = sample_of(number);
      const double deadline = timeout > 0 ? now_ms() + timeout : 0;
      const size_t slot = client_send(&client, procedure, &request, sizeof request, deadline);
      if (slot == 0) break;
      slots[active] = slot;
      pending[active++] = (struct pending){number++, 0, deadline};
    }
    if (cancel) {
      cancel = false;
      printf("sent\n");
      fflush(stdout);
      if (getchar() == EOF) return 1;
      while (active > 0) give_up(active - 1); /* the last one first: no server has room for it yet */
      continue;
    }
    client_wait(&client, slots, active, active == 0 ? 1 : timeout);
    const double time = now_ms();
    for (size_t index = active; index-- > 0;) {
      if (pending[index].deadline > 0 && time >= pending[index].deadline)
        give_up(index);
      else
        look(index);
    }
  }
  printf("%u answered, %u ended otherwise\n", answered, ended_otherwise);
  client_close(&client);
  calls_close(&calls);
  return 0;
}
