/* The messages of the tests. Each holds its number, and all other fields follow from the number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sample {
  uint32_t number;
  uint32_t inverse;
  double half;
  uint32_t words[4];
};

#define U32 "{\"alignment\":4,\"kind\":\"u32\",\"length\":4}"
#define F64 "{\"alignment\":8,\"kind\":\"f64\",\"length\":8}"
#define FIELD(name, offset, layout) "{\"layout\":" layout ",\"name\":\"" name "\",\"offset\":" offset "}"

#define SAMPLE                                                                                        \
  "{\"alignment\":8,\"fields\":[" FIELD("number", "0", U32) "," FIELD("inverse", "4", U32) "," FIELD( \
      "half", "8",                                                                                    \
      F64) "," FIELD("words", "16",                                                                   \
                     "{\"alignment\":4,\"count\":4,\"element\":" U32                                  \
                     ",\"kind\":\"array\",\"length\":16}") "],\"kind\":\"struct\",\"length\":32,\"name\":\"Sample\"}"

static const char SAMPLE_DESCRIPTOR[] = SAMPLE;

static inline struct sample sample_of(uint32_t number) {
  struct sample sample = {.number = number, .inverse = ~number, .half = number / 2.0};
  for (uint32_t index = 0; index < 4; index++) sample.words[index] = number * (index + 3);
  return sample;
}

static inline bool is_sample(const void* payload, uint32_t length, uint32_t* number) {
  struct sample found;
  if (length != sizeof found) return false;
  memcpy(&found, payload, sizeof found);
  *number = found.number;
  const struct sample expected = sample_of(found.number);
  return memcmp(&found, &expected, sizeof found) == 0;
}
