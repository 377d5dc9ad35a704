#include "slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../stream/format.h"

enum {
  MAGIC = 0x314e4c4d,
  LAYOUT_VERSION = 2,
  HEADER_LENGTH = 80,
  PRODUCER_PLACES = 1024,
  PRODUCER_PLACE_LENGTH = 384,
  CONSUMER_PLACE_LENGTH = 128,
  PRODUCER_EPOCH = 4,
};

/* ---- places ---- */

size_t producer_place(uint32_t place) { return PRODUCER_PLACES + (size_t)place * PRODUCER_PLACE_LENGTH; }
size_t consumer_place(const struct slots* slots, uint32_t place) {
  return producer_place(slots->producers) + (size_t)place * CONSUMER_PLACE_LENGTH;
}
static size_t area_of(const struct slots* slots, uint32_t place) { return slots->areas + place * slots->area_length; }
size_t slot_of(const struct slots* slots, uint32_t place, uint32_t slot) {
  return area_of(slots, place) + slots->ring_length + slot * slots->slot_length;
}
uint32_t owner_of(const struct slots* slots, size_t slot) {
  return (uint32_t)((slot - slots->areas) / slots->area_length);
}
uint32_t slot_number_of(const struct slots* slots, size_t slot) {
  return (uint32_t)((slot - slot_of(slots, owner_of(slots, slot), 0)) / slots->slot_length);
}
size_t notes_of(const struct slots* slots, uint32_t place) { return slot_of(slots, place, slots->capacity); }
_Atomic double* entry_at(const struct slots* slots, uint32_t place, uint32_t position) {
  return (_Atomic double*)(slots->bytes + area_of(slots, place) + position % (2 * slots->capacity) * 8);
}
double entry_of(uint32_t slot, uint32_t generation) { return ((double)slot + 1) * 0x1000000 + generation; }

double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

uint32_t process_id(void) { return (uint32_t)getpid(); }

_Noreturn void corrupt(const char* what) {
  fprintf(stderr, "corrupt: %s\n", what);
  exit(4);
}

/* ---- channels ---- */

/* Returns the whole length. */
static size_t place_parts(struct slots* slots, size_t slot_length, uint32_t schema_length, uint32_t* schema_offset) {
  *schema_offset = (uint32_t)consumer_place(slots, slots->consumers);
  slots->areas = round_up(*schema_offset + schema_length, 128);
  slots->slot_length = slot_length;
  slots->ring_length = round_up((size_t)16 * slots->capacity, 64);
  slots->area_length = round_up(slots->ring_length + slots->capacity * (slot_length + NOTE_LENGTH), 128);
  return round_up(slots->areas + slots->producers * slots->area_length, 65536);
}

bool slots_open(struct slots* slots, const char* object, uint32_t shape) {
  memset(slots, 0, sizeof *slots);
  slots->memory = memory_open(object, true);
  if (slots->memory == NULL) return false;
  slots->bytes = memory_bytes(slots->memory);
  if (memory_length(slots->memory) < HEADER_LENGTH || load(slots, 0) != MAGIC) corrupt("no channel");
  if (plain(slots, 4) != LAYOUT_VERSION || plain(slots, 32) != shape) corrupt("another shape or version");
  return true;
}

void slots_check(struct slots* slots, const char* descriptor, size_t slot_length) {
  const uint32_t schema_length = plain(slots, 60);
  const uint32_t capacity = slots->capacity;
  if (capacity < 2 || capacity > 65536 || (capacity & (capacity - 1)) != 0 || slots->producers < 1 ||
      slots->producers > 64 || slots->consumers < 1 || slots->consumers > 32 || schema_length > 1u << 20) {
    corrupt("a number of the header");
  }
  uint32_t schema_offset;
  const size_t length = place_parts(slots, slot_length, schema_length, &schema_offset);
  if (plain(slots, 56) != schema_offset || plain(slots, 64) != length || plain(slots, 8) != length ||
      length > memory_length(slots->memory)) {
    corrupt("the numbers of the header do not fit each other");
  }
  uint64_t hash;
  memcpy(&hash, slots->bytes + 72, sizeof hash);
  if (schema_length != strlen(descriptor) || memcmp(slots->bytes + schema_offset, descriptor, schema_length) != 0 ||
      hash != hash_of(descriptor)) {
    corrupt("another schema");
  }
}

bool slots_create(struct slots* slots, const char* object, const char* descriptor, size_t slot_length, uint32_t shape,
                  header_words words) {
  const uint32_t schema_length = (uint32_t)strlen(descriptor);
  uint32_t schema_offset;
  const uint32_t length = (uint32_t)place_parts(slots, slot_length, schema_length, &schema_offset);
  slots->memory = memory_create(object, length);
  if (slots->memory == NULL) return false;
  slots->bytes = memory_bytes(slots->memory);
  const uint64_t instance[] = {random_number(), random_number()};
  const uint64_t hash = hash_of(descriptor);
  const uint32_t parts[] = {schema_offset, schema_length, length};
  set_plain(slots, 4, LAYOUT_VERSION);
  set_plain(slots, 8, length);
  memcpy(slots->bytes + 16, instance, sizeof instance);
  set_plain(slots, 32, shape);
  memcpy(slots->bytes + 36, words, sizeof(header_words));
  memcpy(slots->bytes + 56, parts, sizeof parts);
  memcpy(slots->bytes + 72, &hash, sizeof hash);
  memcpy(slots->bytes + schema_offset, descriptor, schema_length);
  store(slots, 0, MAGIC);
  if (memory_publish(slots->memory)) return true;
  memory_close(slots->memory);
  return false;
}

void slots_close(struct slots* slots) {
  for (size_t index = 0; index < 96; index++) {
    if (slots->bells[index] != NULL) bell_close(slots->bells[index]);
  }
  if (slots->bell != NULL) bell_close(slots->bell);
  if (slots->lease != NULL) lease_release(slots->lease);
  memory_close(slots->memory);
}

/* ---- sleeping and ringing ---- */

static size_t epoch_of(const struct slots* slots, unsigned number) {
  return number < FIRST_PRODUCER ? consumer_place(slots, number)
                                 : producer_place(number - FIRST_PRODUCER) + PRODUCER_EPOCH;
}
static size_t mask_of(unsigned number) { return number < FIRST_PRODUCER ? SLEEPING_CONSUMERS : SLEEPING_PRODUCERS; }
static uint32_t bit_of(unsigned number) { return number < FIRST_PRODUCER ? number : number - FIRST_PRODUCER; }

void lie_down(const struct slots* slots) {
  const size_t offset = epoch_of(slots, slots->number);
  const uint32_t epoch = load(slots, offset);
  store(slots, offset, epoch == UINT32_MAX ? 1 : epoch + 1);
  set_bit(slots, mask_of(slots->number), bit_of(slots->number));
  if (!memory_barrier()) sleep_ms(2);
}

void get_up(const struct slots* slots) { clear_bit(slots, mask_of(slots->number), bit_of(slots->number)); }

void ring_if_asleep(struct slots* slots, unsigned number) {
  if (!has_bit(slots, mask_of(number), bit_of(number))) return;
  const uint32_t epoch = load(slots, epoch_of(slots, number));
  if (epoch == slots->rung[number]) return;
  slots->rung[number] = epoch;
  if (slots->bells[number] == NULL) slots->bells[number] = bell_open(slots->memory, number);
  bell_ring(slots->bells[number]);
}

void ring_consumers(struct slots* slots) {
  if (load(slots, SLEEPING_CONSUMERS) == 0) return;
  for (uint32_t index = 0; index < slots->consumers; index++) ring_if_asleep(slots, index);
}
void ring_producers(struct slots* slots) {
  for (uint32_t index = 0; index < slots->producers; index++) ring_if_asleep(slots, FIRST_PRODUCER + index);
}

/* ---- participants ---- */

uint32_t claim_place(struct slots* slots, unsigned first, uint32_t count) {
  for (uint32_t place = 0; place < count; place++) {
    slots->lease = lease_claim(slots->memory, first + place);
    if (slots->lease == NULL) continue;
    slots->number = first + place;
    slots->bell = bell_open(slots->memory, slots->number);
    return place;
  }
  fail("all places are taken");
}

void leave_consumers(const struct slots* slots, uint32_t consumer) {
  clear_bit(slots, LIVE, consumer);
  clear_bit(slots, SLEEPING_CONSUMERS, consumer);
}

size_t find_new(const struct slots* slots, uint32_t place, uint32_t* position, uint32_t* word) {
  const uint32_t tail = load(slots, producer_place(place) + TAIL);
  const uint32_t hint = plain(slots, producer_place(place) + HINT);
  const uint32_t oldest = tail - slots->capacity;
  if ((int32_t)(*position - oldest) < 0 || (int32_t)(tail - *position) < 0) *position = oldest;
  if ((int32_t)(hint - *position) > 0 && (int32_t)(tail - hint) >= 0) *position = hint;
  for (; (int32_t)(tail - *position) > 0; (*position)++) {
    const double entry = atomic_load(entry_at(slots, place, *position));
    if (!(entry >= 0x1000000 && entry < 0x1p41)) continue;
    const uint64_t whole = (uint64_t)entry;
    const uint32_t slot = (uint32_t)(whole >> 24) - 1;
    if (slot >= slots->capacity) continue;
    const size_t offset = slot_of(slots, place, slot);
    *word = load(slots, offset);
    if (*word != word_of(READY, 0, whole & GENERATIONS)) continue;
    if (load(slots, producer_place(place) + TAIL) - *position - 1 >= slots->capacity) return 0;
    return offset;
  }
  return 0;
}
