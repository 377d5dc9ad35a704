/* The wire format of docs/wire-format-latest.md: a latest with one key, its writer and its readers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../stream/system.h"

struct latest {
  struct memory* memory;
  unsigned char* bytes;
  uint32_t readers;
  uint32_t cells_offset;
  uint32_t capacity;    /* bytes of the longest value */
  uint32_t cell_length; /* from one cell to the next */
};

/* Opens the latest in the object of this name. Its only key has values of `capacity` bytes. Returns false if there is
   no object. Ends the program if the object is no latest, or has another schema. */
bool latest_open(struct latest* latest, const char* object, const char* descriptor, uint32_t capacity, bool writable);

/* Creates a latest with 4 reader slots. Returns false if the name is taken. */
bool latest_create(struct latest* latest, const char* object, const char* descriptor, uint32_t capacity);

void latest_close(struct latest* latest);

struct writer {
  struct latest* latest;
  struct lease* lease;
  struct bell* bells[32];
  uint32_t rung[32];
  uint32_t low; /* the newest version */
  uint32_t high;
};

/* Becomes the writer. Returns false if another process is. */
bool writer_join(struct writer* writer, struct latest* latest);

/* Returns where the next value has to be written. */
void* writer_next(const struct writer* writer);
void writer_publish(struct writer* writer, uint32_t length);
void writer_close(struct writer* writer);

struct reader {
  struct latest* latest;
  struct lease* lease; /* NULL: it only reads */
  struct bell* bell;
  uint32_t slot;
};

/* Ends the program if all slots are taken. */
void reader_join(struct reader* reader, struct latest* latest, bool writable);

/* Copies the newest value, and sets its version. Returns its length; 0 if no value was ever set. */
uint32_t reader_get(const struct reader* reader, void* copy, uint64_t* version);

enum state { WRITER_ALIVE, WRITER_CLOSED, WRITER_DIED, WRITER_NEVER };

enum state reader_writer(const struct reader* reader);

/* Waits until the newest version is not `since`. Returns false if the writer has ended before. */
bool reader_wait(struct reader* reader, uint64_t since);
void reader_leave(struct reader* reader);
