/* The wire format of docs/wire-format-stream.md: streams, their producers and their consumers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system.h"

enum overflow { OVERFLOW_WAIT, OVERFLOW_OVERWRITE };
enum end { NOT_ENDED, ENDED_CLOSED, ENDED_DIED };

struct stream {
  struct memory* memory;
  unsigned char* bytes;
  uint32_t capacity;
  uint32_t producers;
  uint32_t consumers;
  uint32_t consumer_slots_offset;
  uint32_t consumer_slot_length;
  uint32_t lanes_offset;
  enum overflow overflow;
  bool keep_latest;
};

/* Opens the stream in the object of this name (see system.h). Returns false if there is no object. Ends the program if
   the object is no stream, or has another schema. Waits until the creator has finished the stream. */
bool stream_open(struct stream* stream, const char* object, const char* descriptor, bool writable);

/* Creates a stream that keeps the latest messages while it has no consumers. Returns false if the name is taken. */
bool stream_create(struct stream* stream, const char* object, const char* descriptor, uint32_t capacity,
                   uint32_t producers, uint32_t consumers, enum overflow overflow);

void stream_close(struct stream* stream);

struct sleeper {
  struct bell* bell;
  uint32_t mask_offset;
  uint32_t bit;
  uint32_t epoch_offset;
};

/* The bells of the participants to wake, and the epoch for which each was last rung. */
struct sleepers {
  struct bell* bells[64];
  uint32_t rung[64];
};

struct producer {
  struct stream* stream;
  uint32_t lane;
  struct lease* lease;
  struct sleeper sleeper;
  struct sleepers consumers;
  struct sleepers producers; /* they have room after this producer has removed a dead consumer */
  unsigned char* bytes;      /* the bytes of the lane */
  uint64_t base;
  uint32_t position;
  uint32_t sequence;
  uint32_t limit;
  uint32_t claimed;
  bool batching;
  uint32_t published_position; /* while batching */
  uint32_t published_sequence;
  uint32_t held_place; /* the batch's first record, and its commit word; 0 for none */
  uint32_t held_commit;
  uint32_t last_place;
};

/* Takes a slot, preferably one whose producer died. Ends the program if all slots are taken. */
void producer_join(struct producer* producer, struct stream* stream);

/* Returns room for a payload, or NULL if there is no room now. */
void* producer_claim(struct producer* producer, uint32_t length);
void producer_commit(struct producer* producer, uint32_t length);
void producer_abort(struct producer* producer);
void producer_begin_batch(struct producer* producer);
void producer_end_batch(struct producer* producer);

/* Waits until there is room for a payload. */
void producer_wait(struct producer* producer, uint32_t length);
void producer_close(struct producer* producer);

struct cursor {
  bool started;
  bool more;
  uint64_t position; /* with OVERFLOW_WAIT, its lower half */
  uint32_t released;
  bool expects;
  uint32_t expected;
};

struct consumer {
  struct stream* stream;
  bool holds; /* producers wait for it */
  uint32_t slot;
  struct lease* lease; /* NULL: a read-only consumer */
  struct sleeper sleeper;
  struct sleepers producers;
  struct cursor cursors[64];
  uint32_t turn;
  uint64_t missed;
  unsigned char* copy;
};

/* Ends the program when all slots are taken. */
void consumer_join(struct consumer* consumer, struct stream* stream, bool writable, bool from_oldest);

/* Returns the next payload of any lane, or NULL if there is none. The payload is valid until the next call. */
const void* consumer_next(struct consumer* consumer, uint32_t* length, uint32_t* lane);

/* Waits for a message, or for the end. */
enum end consumer_wait(struct consumer* consumer);
void consumer_leave(struct consumer* consumer);
