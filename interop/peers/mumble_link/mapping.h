/* Named memory as each system gives it: the little that mumble_link.c needs. */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>

struct mapping {
  void* view;
  size_t length;
  bool created; /* false when memory of that name was there already */
  void* system; /* what the system's file keeps for itself */
};

/* The name under which Mumble publishes its link for this user. */
const char* default_name(void);

/* Creates the memory, or opens it when it is there. On failure prints a sentence with the system's code. */
bool create_or_open_mapping(const char* name, size_t length, struct mapping* mapping);

/* Opens the memory, which must be there. On failure prints a sentence with the system's code. */
bool open_mapping(const char* name, size_t length, struct mapping* mapping);

/* Unmaps the memory and lets go of it; on Linux removes the name too if this mapping created it. */
void close_mapping(const char* name, struct mapping* mapping);

#endif
