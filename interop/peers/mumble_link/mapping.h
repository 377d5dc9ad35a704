/* Named memory on each system, as far as mumble_link.c needs it. */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>

struct mapping {
  void* view;
  size_t length;
  bool created; /* false when memory of that name was there already */
  void* system; /* private data of mapping_linux.c or mapping_windows.c */
};

/* The name under which Mumble publishes its link for this user. */
const char* default_name(void);

/* Creates the memory, or opens it when it is there. On failure prints a sentence with the system's code. */
bool create_or_open_mapping(const char* name, size_t length, struct mapping* mapping);

/* Opens the memory, which must be there. On failure prints a sentence with the system's code. */
bool open_mapping(const char* name, size_t length, struct mapping* mapping);

/* Unmaps and closes the memory. On Linux it also removes the name if this mapping created the memory. */
void close_mapping(const char* name, struct mapping* mapping);

#endif
