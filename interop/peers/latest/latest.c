#include "latest.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../stream/format.h"

enum {
  MAGIC = 0x314e4c4d,
  LAYOUT_VERSION = 2,
  SHAPE = 2,
  HEADER_LENGTH = 80,
  SLEEPING_READERS = 128,
  WRITER_SLOT = 384,
  READER_SLOTS = 512,
  SLOT_LENGTH = 128,
  ALIGNMENT = 65536,
  STATE_OPEN = 1,
  STATE_CLOSED = 2,
  WRITER_NUMBER = 64,
  TAKE_OVER_NUMBER = 96,
  /* a key */
  CELLS = 128,
  CELL_COUNT = 4,
  /* a cell */
  TIME = 0,
  LENGTH = 8,
  VERSION_HIGH = 12,
  VALUE = 16,
  MOST_HIGH = (1 << 21) - 1,
};

static _Atomic uint32_t* word(const struct latest* latest, size_t offset) {
  return (_Atomic uint32_t*)(latest->bytes + offset);
}

static uint32_t load(const struct latest* latest, size_t offset) { return atomic_load(word(latest, offset)); }

static void store(const struct latest* latest, size_t offset, uint32_t value) {
  atomic_store(word(latest, offset), value);
}

static uint32_t plain(const unsigned char* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static uint64_t plain_wide(const unsigned char* bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static _Noreturn void refuse(const char* what) {
  fprintf(stderr, "refused: %s\n", what);
  exit(4);
}

static size_t epoch_offset(uint32_t slot) { return READER_SLOTS + (size_t)slot * SLOT_LENGTH; }

/* Sets what follows from the numbers of the header. Returns the bytes of all cells. */
static uint32_t place(struct latest* latest, uint32_t schema_length, uint32_t* schema_offset) {
  *schema_offset = READER_SLOTS + latest->readers * SLOT_LENGTH;
  latest->cells_offset = (uint32_t)round_up(*schema_offset + schema_length, ALIGNMENT);
  latest->cell_length = (uint32_t)round_up(VALUE + latest->capacity, 128);
  return CELLS + CELL_COUNT * latest->cell_length;
}

bool latest_open(struct latest* latest, const char* object, const char* descriptor, uint32_t capacity, bool writable) {
  *latest = (struct latest){.capacity = capacity};
  for (int attempt = 0;; attempt++) {
    latest->memory = memory_open(object, writable);
    if (latest->memory == NULL) return false;
    latest->bytes = memory_bytes(latest->memory);
    if (memory_length(latest->memory) < HEADER_LENGTH) refuse("too short for a header");
    if (load(latest, 0) != 0) break;
    memory_close(latest->memory);
    if (attempt == 200) refuse("not finished");
    sleep_ms(5);
  }
  const unsigned char* bytes = latest->bytes;
  if (load(latest, 0) != MAGIC || plain(bytes + 4) != LAYOUT_VERSION || plain(bytes + 32) != SHAPE) refuse("no latest");
  latest->readers = plain(bytes + 40);
  const uint32_t schema_length = plain(bytes + 60);
  if (plain(bytes + 36) != 1 || latest->readers < 1 || latest->readers > 32 || schema_length != strlen(descriptor)) {
    refuse("a number of the header");
  }
  uint32_t schema_offset;
  const uint32_t cells_length = place(latest, schema_length, &schema_offset);
  const uint64_t length = latest->cells_offset + (uint64_t)cells_length;
  if (plain(bytes + 48) != cells_length || plain(bytes + 56) != schema_offset ||
      plain(bytes + 64) != latest->cells_offset || plain_wide(bytes + 8) != length ||
      length > memory_length(latest->memory)) {
    refuse("the numbers of the header do not fit each other");
  }
  if (memcmp(bytes + schema_offset, descriptor, schema_length) != 0 || plain_wide(bytes + 72) != hash_of(descriptor)) {
    refuse("another schema");
  }
  return true;
}

bool latest_create(struct latest* latest, const char* object, const char* descriptor, uint32_t capacity) {
  *latest = (struct latest){.capacity = capacity, .readers = 4};
  const uint32_t schema_length = (uint32_t)strlen(descriptor);
  uint32_t schema_offset;
  const uint32_t cells_length = place(latest, schema_length, &schema_offset);
  const uint64_t length = latest->cells_offset + (uint64_t)cells_length;
  latest->memory = memory_create(object, length);
  if (latest->memory == NULL) return false;
  latest->bytes = memory_bytes(latest->memory);
  const uint64_t instance[] = {random_number(), random_number()};
  const uint64_t hash = hash_of(descriptor);
  const uint32_t fields[] = {
      SHAPE, 1, latest->readers, 65536, cells_length, 0, schema_offset, schema_length, latest->cells_offset};
  const uint32_t version = LAYOUT_VERSION;
  memcpy(latest->bytes + 4, &version, sizeof version);
  memcpy(latest->bytes + 8, &length, sizeof length);
  memcpy(latest->bytes + 16, instance, sizeof instance);
  memcpy(latest->bytes + 32, fields, sizeof fields);
  memcpy(latest->bytes + 72, &hash, sizeof hash);
  memcpy(latest->bytes + schema_offset, descriptor, schema_length);
  store(latest, 0, MAGIC);
  if (memory_publish(latest->memory)) return true;
  memory_close(latest->memory);
  return false;
}

void latest_close(struct latest* latest) { memory_close(latest->memory); }

static unsigned char* cell_of(const struct latest* latest, uint32_t version) {
  return latest->bytes + latest->cells_offset + CELLS + (size_t)(version % CELL_COUNT) * latest->cell_length;
}

/* ---- the writer ---- */

static void ring_readers(struct writer* writer) {
  const struct latest* latest = writer->latest;
  const uint32_t mask = load(latest, SLEEPING_READERS);
  for (uint32_t slot = 0; mask != 0 && slot < latest->readers; slot++) {
    if ((mask >> slot & 1) == 0) continue;
    const uint32_t epoch = load(latest, epoch_offset(slot));
    if (epoch == writer->rung[slot]) continue;
    writer->rung[slot] = epoch;
    if (writer->bells[slot] == NULL) writer->bells[slot] = bell_open(latest->memory, slot);
    bell_ring(writer->bells[slot]);
  }
}

bool writer_join(struct writer* writer, struct latest* latest) {
  *writer = (struct writer){.latest = latest};
  struct lease* alone = lease_claim(latest->memory, TAKE_OVER_NUMBER);
  if (alone == NULL) return false;
  writer->lease = lease_claim(latest->memory, WRITER_NUMBER);
  lease_release(alone);
  if (writer->lease == NULL) return false;
  ring_readers(writer);
  store(latest, WRITER_SLOT, STATE_OPEN);
  ring_readers(writer);
  writer->low = load(latest, latest->cells_offset);
  writer->high = plain(cell_of(latest, writer->low) + VERSION_HIGH) & MOST_HIGH;
  return true;
}

void* writer_next(const struct writer* writer) { return cell_of(writer->latest, writer->low + 1) + VALUE; }

void writer_publish(struct writer* writer, uint32_t length) {
  const struct latest* latest = writer->latest;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double time = (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
  writer->low++;
  if (writer->low == 0) writer->high = (writer->high + 1) & MOST_HIGH;
  unsigned char* cell = cell_of(latest, writer->low);
  memcpy(cell + TIME, &time, sizeof time);
  memcpy(cell + LENGTH, &length, sizeof length);
  memcpy(cell + VERSION_HIGH, &writer->high, sizeof writer->high);
  store(latest, latest->cells_offset, writer->low);
  atomic_thread_fence(memory_order_seq_cst);
  ring_readers(writer);
}

void writer_close(struct writer* writer) {
  store(writer->latest, WRITER_SLOT, STATE_CLOSED);
  ring_readers(writer);
  for (size_t slot = 0; slot < 32; slot++) {
    if (writer->bells[slot] != NULL) bell_close(writer->bells[slot]);
  }
  lease_release(writer->lease);
}

/* ---- readers ---- */

static void clear_bit(const struct reader* reader) {
  atomic_fetch_and(word(reader->latest, SLEEPING_READERS), ~(UINT32_C(1) << reader->slot));
}

void reader_join(struct reader* reader, struct latest* latest, bool writable) {
  *reader = (struct reader){.latest = latest};
  if (!writable) return;
  while (reader->lease == NULL && reader->slot < latest->readers) {
    reader->lease = lease_claim(latest->memory, reader->slot);
    if (reader->lease == NULL) reader->slot++;
  }
  if (reader->lease == NULL) refuse("no free reader slot");
  reader->bell = bell_open(latest->memory, reader->slot);
  clear_bit(reader);
}

uint32_t reader_get(const struct reader* reader, void* copy, uint64_t* version) {
  const struct latest* latest = reader->latest;
  for (int attempt = 0; attempt < 1000000; attempt++) {
    const uint32_t low = load(latest, latest->cells_offset);
    const unsigned char* cell = cell_of(latest, low);
    const uint32_t length = plain(cell + LENGTH);
    const uint32_t high = plain(cell + VERSION_HIGH) & MOST_HIGH;
    if (length <= latest->capacity) memcpy(copy, cell + VALUE, length);
    atomic_thread_fence(memory_order_acquire);
    if (load(latest, latest->cells_offset) - low >= CELL_COUNT - 1) continue;
    if (length > latest->capacity) refuse("a length");
    *version = (uint64_t)high << 32 | low;
    return *version == 0 ? 0 : length;
  }
  refuse("a value that is replaced again and again");
}

static bool has_other(const struct reader* reader, uint64_t since) {
  return load(reader->latest, reader->latest->cells_offset) != (uint32_t)since;
}

enum state reader_writer(const struct reader* reader) {
  const struct latest* latest = reader->latest;
  const uint32_t state = load(latest, WRITER_SLOT);
  if (state != STATE_OPEN) return state == STATE_CLOSED ? WRITER_CLOSED : WRITER_NEVER;
  if (lease_is_held(latest->memory, WRITER_NUMBER)) return WRITER_ALIVE;
  return load(latest, WRITER_SLOT) == STATE_CLOSED ? WRITER_CLOSED : WRITER_DIED;
}

bool reader_wait(struct reader* reader, uint64_t since) {
  const struct latest* latest = reader->latest;
  for (;;) {
    if (reader->lease != NULL) {
      const uint32_t epoch = load(latest, epoch_offset(reader->slot));
      store(latest, epoch_offset(reader->slot), epoch == UINT32_MAX ? 1 : epoch + 1);
      atomic_fetch_or(word(latest, SLEEPING_READERS), UINT32_C(1) << reader->slot);
      if (!memory_barrier()) sleep_ms(2);
    }
    const enum state state = reader_writer(reader);
    const bool is_there = has_other(reader, since);
    const bool has_ended = state == WRITER_CLOSED || state == WRITER_DIED;
    if (!is_there && !has_ended) {
      const unsigned lease = WRITER_NUMBER;
      if (reader->lease == NULL) {
        sleep_ms(5);
      } else {
        bell_wait(latest->memory, reader->bell, &lease, lease_is_held(latest->memory, lease) ? 1 : 0);
      }
    }
    if (reader->lease != NULL) clear_bit(reader);
    if (is_there) return true;
    if (has_ended) return has_other(reader, since);
  }
}

void reader_leave(struct reader* reader) {
  if (reader->lease == NULL) return;
  clear_bit(reader);
  bell_close(reader->bell);
  lease_release(reader->lease);
}
