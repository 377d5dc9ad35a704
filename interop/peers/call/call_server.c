/* Serves the procedures of samples.h until it has taken COUNT calls.

   call_server [--create] [--hold N] OBJECT COUNT

   --hold N: prints `holds` when it has taken its Nth call, and waits for a byte before it runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "samples.h"

enum { CAPACITY = 64, ANSWER_LENGTH_OF_TESTS = 256 };

/* Returns false if the client has given up the call. */
static bool fail_call(struct server* server, const struct request* request, const char* name, const char* message) {
  char error[200];
  const int length =
      snprintf(error, sizeof error, "{\"name\":\"%s\",\"message\":\"%s\",\"code\":\"IN_C\"}", name, message);
  return server_answer(server, request, FAILED, error, (uint32_t)length);
}

static bool run(struct server* server, const struct request* request) {
  uint32_t number;
  if (request->procedure > UP_TO) return fail_call(server, request, "RangeError", "no such procedure");
  if (!is_sample(request->bytes, request->length, &number)) {
    return fail_call(server, request, "TypeError", "the sample is wrong");
  }
  if (number == 13) return fail_call(server, request, "RangeError", "13 brings bad luck");
  if (request->procedure != UP_TO) {
    const struct sample answer = sample_of(2 * number);
    return server_answer(server, request, DONE, &answer, sizeof answer);
  }
  for (uint32_t next = 0; next < number;) {
    struct sample parts[20];
    uint32_t count = 0;
    for (; count < 20 && next < number; count++) parts[count] = sample_of(next++);
    if (!server_send_parts(server, request, parts, sizeof parts[0], count)) return false;
  }
  return server_answer(server, request, DONE, NULL, 0);
}

int main(int count, char** arguments) {
  bool create = false;
  uint32_t hold = 0;
  int next = 1;
  for (; next < count && arguments[next][0] == '-'; next++) {
    if (strcmp(arguments[next], "--create") == 0)
      create = true;
    else if (strcmp(arguments[next], "--hold") == 0 && next + 1 < count)
      hold = (uint32_t)atoi(arguments[++next]);
    else
      return 2;
  }
  if (count - next != 2) return 2;
  const uint32_t wanted = (uint32_t)atoi(arguments[next + 1]);

  struct calls calls;
  const char* object = arguments[next];
  const bool there = create ? calls_create(&calls, object, SAMPLES_DESCRIPTOR, SAMPLES_IDEMPOTENT, CAPACITY,
                                           sizeof(struct sample), ANSWER_LENGTH_OF_TESTS)
                            : calls_open(&calls, object, SAMPLES_DESCRIPTOR, SAMPLES_IDEMPOTENT);
  if (!there) fail(object);
  struct server server;
  server_join(&server, &calls);
  printf("joined\n");
  fflush(stdout);

  uint32_t given_up = 0;
  for (uint32_t taken = 0; taken < wanted;) {
    struct request request;
    if (!server_take(&server, &request)) {
      server_wait(&server, NULL, 0);
      continue;
    }
    if (++taken == hold) {
      printf("holds\n");
      fflush(stdout);
      if (getchar() == EOF) return 1;
    }
    if (!run(&server, &request)) given_up++;
  }
  printf("%u calls, %u given up\n", wanted, given_up);
  server_leave(&server);
  calls_close(&calls);
  return 0;
}
