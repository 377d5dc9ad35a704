/* The API of the tests, as interop/src/samples-api.ts defines it. */
#pragma once

#include "../stream/sample.h"

#define PROCEDURE(name, idempotent, streams)                                                       \
  "{\"answer\":" SAMPLE ",\"idempotent\":" idempotent ",\"name\":\"" name "\",\"request\":" SAMPLE \
  ",\"streams\":" streams "}"

static const char SAMPLES_DESCRIPTOR[] = "{\"kind\":\"api\",\"name\":\"Samples\",\"procedures\":[" PROCEDURE(
    "twice", "false", "false") "," PROCEDURE("again", "true", "false") "," PROCEDURE("upTo", "false", "true") "]}";

enum {
  TWICE, /* answers the sample of twice the number; fails for 13 */
  AGAIN, /* the same, idempotent */
  UP_TO, /* answers the samples from 0 to the one before the number */
};

#define SAMPLES_IDEMPOTENT (1u << AGAIN)
