/* What queues and calls have in common (docs/wire-format-queue.md): places, masks, rings, the words of slots, sleeping.
   In calls, clients are the producers, and servers are the consumers. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../stream/system.h"

enum {
  LIVE = 128,
  USED = 256,
  SLEEPING_CONSUMERS = 384,
  SLEEPING_PRODUCERS = 512,
  RETURNS = 640,
  /* producer place */
  STATE = 0,
  TAIL = 128,
  HINT = 256,
  STATE_OPEN = 1,
  STATE_CLOSED = 2,
  /* slot */
  LENGTH = 8,
  PID = 12,
  FIRST_PRODUCER = 32,
  NOTE_LENGTH = 128,
  /* kinds that both shapes have */
  FREE = 0,
  READY = 1,
  TAKEN = 2,
  RETURNED = 4,
};

#define GENERATIONS UINT32_C(0xffffff)

struct slots {
  struct memory* memory;
  unsigned char* bytes;
  uint32_t capacity;
  uint32_t producers;
  uint32_t consumers;
  size_t areas;
  size_t area_length;
  size_t ring_length;
  size_t slot_length;
  /* The bells of this process's peers, and the epoch for which each was last rung: consumers 0-31, producers 32-95. */
  struct bell* bells[96];
  uint32_t rung[96];
  /* This participant. */
  unsigned number;
  struct lease* lease;
  struct bell* bell;
};

/* ---- words ---- */

static inline uint32_t word_of(uint32_t kind, uint32_t consumer, uint32_t generation) {
  return kind | consumer << 3 | (generation & GENERATIONS) << 8;
}
static inline uint32_t kind_of(uint32_t word) { return word & 7; }
static inline uint32_t consumer_of(uint32_t word) { return word >> 3 & 31; }
static inline uint32_t generation_of(uint32_t word) { return word >> 8; }

static inline _Atomic uint32_t* word_at(const struct slots* slots, size_t offset) {
  return (_Atomic uint32_t*)(slots->bytes + offset);
}
static inline uint32_t load(const struct slots* slots, size_t offset) { return atomic_load(word_at(slots, offset)); }
static inline void store(const struct slots* slots, size_t offset, uint32_t value) {
  atomic_store(word_at(slots, offset), value);
}
static inline bool change(const struct slots* slots, size_t offset, uint32_t from, uint32_t to) {
  return atomic_compare_exchange_strong(word_at(slots, offset), &from, to);
}
static inline void count_up(const struct slots* slots, size_t offset) { atomic_fetch_add(word_at(slots, offset), 1); }
static inline void set_bit(const struct slots* slots, size_t mask, uint32_t bit) {
  atomic_fetch_or(word_at(slots, mask + bit / 32 * 4), UINT32_C(1) << bit % 32);
}
static inline void clear_bit(const struct slots* slots, size_t mask, uint32_t bit) {
  atomic_fetch_and(word_at(slots, mask + bit / 32 * 4), ~(UINT32_C(1) << bit % 32));
}
static inline bool has_bit(const struct slots* slots, size_t mask, uint32_t bit) {
  return (load(slots, mask + bit / 32 * 4) >> bit % 32 & 1) != 0;
}
static inline uint32_t plain(const struct slots* slots, size_t offset) {
  uint32_t word;
  memcpy(&word, slots->bytes + offset, sizeof word);
  return word;
}
static inline void set_plain(const struct slots* slots, size_t offset, uint32_t word) {
  memcpy(slots->bytes + offset, &word, sizeof word);
}

/* ---- places ---- */

size_t producer_place(uint32_t place);
size_t consumer_place(const struct slots* slots, uint32_t place);
size_t slot_of(const struct slots* slots, uint32_t place, uint32_t slot);
uint32_t owner_of(const struct slots* slots, size_t slot);
uint32_t slot_number_of(const struct slots* slots, size_t slot);
/* Where the notes of an area begin. */
size_t notes_of(const struct slots* slots, uint32_t place);
/* One access of 8 bytes. */
_Atomic double* entry_at(const struct slots* slots, uint32_t place, uint32_t position);
double entry_of(uint32_t slot, uint32_t generation);

/* ---- channels ---- */

/* What the header of a shape has behind its number: the words at 36 to 55. */
typedef const uint32_t header_words[5];

/* Opens the object of this name. Returns false if there is none. Ends the program if it is no channel of this shape.
   The caller sets capacity, producers and consumers, and calls slots_check. */
bool slots_open(struct slots* slots, const char* object, uint32_t shape);

/* Sets what follows from capacity, producers and consumers. Ends the program if the header does not fit that, or if the
   memory has another schema. */
void slots_check(struct slots* slots, const char* descriptor, size_t slot_length);

/* Creates a channel of which capacity, producers and consumers are set. Returns false if the name is taken. */
bool slots_create(struct slots* slots, const char* object, const char* descriptor, size_t slot_length, uint32_t shape,
                  header_words words);

void slots_close(struct slots* slots);

/* ---- sleeping and ringing ---- */

void lie_down(const struct slots* slots);
void get_up(const struct slots* slots);
void ring_if_asleep(struct slots* slots, unsigned number);
void ring_consumers(struct slots* slots);
void ring_producers(struct slots* slots);

/* ---- participants ---- */

/* Ends the program if all places are taken. */
uint32_t claim_place(struct slots* slots, unsigned first, uint32_t count);

void leave_consumers(const struct slots* slots, uint32_t consumer);

/* Goes to the next entry at or behind *position whose slot holds its message. Returns the slot, or 0; *word is its
 * word. */
size_t find_new(const struct slots* slots, uint32_t place, uint32_t* position, uint32_t* word);

double now_ms(void);
uint32_t process_id(void);
_Noreturn void corrupt(const char* what);
