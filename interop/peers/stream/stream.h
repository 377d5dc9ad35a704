/* The wire format of docs/wire-format.md: streams, their producers and their consumers. */
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

/* The name of the object (see system.h). False when there is no such stream; a stream that is no stream, or of another
   schema, ends the program. Waits while its creator is not done with it. */
bool stream_open(struct stream* stream, const char* object, const char* descriptor, bool writable);

/* Without consumers, the latest messages are kept. False when the name is taken. */
bool stream_create(struct stream* stream, const char* object, const char* descriptor, uint32_t capacity,
                   uint32_t producers, uint32_t consumers, enum overflow overflow);

void stream_close(struct stream* stream);

struct sleeper {
  struct bell* bell;
  uint32_t mask_offset;
  uint32_t bit;
  uint32_t epoch_offset;
};

/* Those of the other side, whom one wakes. */
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
  struct sleepers producers; /* for whom there is room when one has removed a dead consumer */
  unsigned char* bytes;      /* of the lane */
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

/* Takes a slot, first one whose producer died. Ends the program when all are taken. */
void producer_join(struct producer* producer, struct stream* stream);

/* Room for a payload, NULL when there is none now. */
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
  struct lease* lease; /* NULL: it only reads */
  struct sleeper sleeper;
  struct sleepers producers;
  struct cursor cursors[64];
  uint32_t turn;
  uint64_t missed;
  unsigned char* copy;
};

/* Ends the program when all slots are taken. */
void consumer_join(struct consumer* consumer, struct stream* stream, bool writable, bool from_oldest);

/* The next payload of any lane, valid until the next call; NULL when there is none. */
const void* consumer_next(struct consumer* consumer, uint32_t* length, uint32_t* lane);

/* Waits for a message, or for the end. */
enum end consumer_wait(struct consumer* consumer);
void consumer_leave(struct consumer* consumer);
