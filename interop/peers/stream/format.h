/* What all shapes of docs/wire-format.md have in common. */
#pragma once

#include <stdint.h>

/* The hash of a schema: FNV-1a of its descriptor. */
static inline uint64_t hash_of(const char* descriptor) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (const char* byte = descriptor; *byte != '\0'; byte++) {
    hash = (hash ^ (unsigned char)*byte) * UINT64_C(0x100000001b3);
  }
  return hash;
}

static inline uint64_t round_up(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }
