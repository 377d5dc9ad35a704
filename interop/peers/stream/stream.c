#include "stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

enum {
  MAGIC = 0x314e4c4d,
  LAYOUT_VERSION = 2,
  HEADER_LENGTH = 80,
  LIVE = 128,
  ACTIVE = 256,
  OPENINGS = 264,
  SLEEPING_CONSUMERS = 384,
  SLEEPING_PRODUCERS = 512,
  PRODUCER_SLOTS = 1024,
  SLOT_LENGTH = 128,
  LANE_ALIGNMENT = 65536,
  /* producer slot */
  STATE = 0,
  EPOCH = 4,
  BASE = 8,
  END = 16,
  SEQUENCE = 20,
  STATE_OPEN = 1,
  STATE_CLOSED = 2,
  /* consumer slot */
  CONSUMER_EPOCH = 0,
  CONSUMER_READY = 4,
  POSITIONS = 128,
  /* records */
  MESSAGE = 1,
  PADDING = 2,
  MORE = 4,
  RECORD_HEADER = 8,
  FIRST_PRODUCER_NUMBER = 32,
};

/* ---- words ---- */

static _Atomic uint32_t* word_at(unsigned char* bytes, size_t offset) { return (_Atomic uint32_t*)(bytes + offset); }

static uint32_t load(const struct stream* stream, size_t offset) { return atomic_load(word_at(stream->bytes, offset)); }

static void store(const struct stream* stream, size_t offset, uint32_t value) {
  atomic_store(word_at(stream->bytes, offset), value);
}

static void set_bit(const struct stream* stream, size_t mask_offset, uint32_t bit) {
  atomic_fetch_or(word_at(stream->bytes, mask_offset + bit / 32 * 4), UINT32_C(1) << bit % 32);
}

static void clear_bit(const struct stream* stream, size_t mask_offset, uint32_t bit) {
  atomic_fetch_and(word_at(stream->bytes, mask_offset + bit / 32 * 4), ~(UINT32_C(1) << bit % 32));
}

static bool has_bit(const struct stream* stream, size_t mask_offset, uint32_t bit) {
  return (load(stream, mask_offset + bit / 32 * 4) >> bit % 32 & 1) != 0;
}

static uint32_t plain_word(const unsigned char* bytes, size_t place) {
  uint32_t word;
  memcpy(&word, bytes + place, sizeof word);
  return word;
}

static void set_plain_word(unsigned char* bytes, size_t place, uint32_t word) {
  memcpy(bytes + place, &word, sizeof word);
}

static size_t producer_slot(uint32_t lane) { return PRODUCER_SLOTS + (size_t)lane * SLOT_LENGTH; }

static size_t consumer_slot(const struct stream* stream, uint32_t consumer) {
  return stream->consumer_slots_offset + (size_t)consumer * stream->consumer_slot_length;
}

static size_t position_offset(const struct stream* stream, uint32_t consumer, uint32_t lane) {
  return consumer_slot(stream, consumer) + POSITIONS + (size_t)lane * 4;
}

static unsigned char* lane_bytes(const struct stream* stream, uint32_t lane) {
  return stream->bytes + stream->lanes_offset + (size_t)lane * stream->capacity;
}

static uint64_t load_base(const struct stream* stream, uint32_t lane) {
  const size_t offset = producer_slot(lane) + BASE;
  if (stream->overflow == OVERFLOW_WAIT) return load(stream, offset);
  return atomic_load((_Atomic uint64_t*)(stream->bytes + offset));
}

static uint32_t record_length(uint32_t payload_length) { return RECORD_HEADER + ((payload_length + 7) & ~UINT32_C(7)); }

static _Noreturn void corrupt(const char* what) {
  errno = 0;
  fprintf(stderr, "corrupt: %s\n", what);
  exit(4);
}

/* ---- streams ---- */

/* Sets all offsets that follow from the numbers of the header. The caller has checked their ranges. Returns the whole
 * length. */
static uint64_t place(struct stream* stream, uint32_t schema_length, uint32_t* schema_offset) {
  stream->consumer_slots_offset = PRODUCER_SLOTS + stream->producers * SLOT_LENGTH;
  stream->consumer_slot_length = POSITIONS + (uint32_t)round_up(stream->producers * 4, SLOT_LENGTH);
  *schema_offset = stream->consumer_slots_offset + stream->consumers * stream->consumer_slot_length;
  stream->lanes_offset = (uint32_t)round_up(*schema_offset + schema_length, LANE_ALIGNMENT);
  return stream->lanes_offset + (uint64_t)stream->producers * stream->capacity;
}

static uint64_t wide_at(const unsigned char* bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

bool stream_open(struct stream* stream, const char* object, const char* descriptor, bool writable) {
  uint32_t magic = 0;
  for (int attempt = 0;; attempt++) {
    memset(stream, 0, sizeof *stream);
    stream->memory = memory_open(object, writable);
    if (stream->memory == NULL) return false;
    stream->bytes = memory_bytes(stream->memory);
    if (memory_length(stream->memory) < HEADER_LENGTH) corrupt("too short for a header");
    magic = load(stream, 0);
    if (magic != 0) break;
    /* If the creator has died, an open handle would keep the unfinished memory alive for every process. */
    memory_close(stream->memory);
    if (attempt == 200) corrupt("not finished");
    sleep_ms(5);
  }
  if (magic != MAGIC) corrupt("no stream");

  const unsigned char* bytes = stream->bytes;
  if (plain_word(bytes, 4) != LAYOUT_VERSION) corrupt("another layout version");
  const uint32_t overflow = plain_word(bytes, 36);
  const uint32_t without_consumers = plain_word(bytes, 40);
  const uint32_t schema_length = plain_word(bytes, 60);
  stream->capacity = plain_word(bytes, 44);
  stream->producers = plain_word(bytes, 48);
  stream->consumers = plain_word(bytes, 52);
  stream->overflow = (enum overflow)overflow;
  stream->keep_latest = without_consumers == 0;
  const uint32_t capacity = stream->capacity;
  if (plain_word(bytes, 32) != 1 || overflow > 1 || without_consumers > 1 || capacity < 1u << 16 ||
      capacity > 1u << 29 || (capacity & (capacity - 1)) != 0 || stream->producers < 1 || stream->producers > 64 ||
      stream->consumers < 1 || stream->consumers > 32 || schema_length < 2 || schema_length > 1u << 20) {
    corrupt("a number of the header");
  }
  uint32_t schema_offset;
  const uint64_t length = place(stream, schema_length, &schema_offset);
  if (plain_word(bytes, 56) != schema_offset || plain_word(bytes, 64) != stream->lanes_offset ||
      wide_at(bytes + 8) != length || length > memory_length(stream->memory)) {
    corrupt("the numbers of the header do not fit each other");
  }
  if (schema_length != strlen(descriptor) || memcmp(bytes + schema_offset, descriptor, schema_length) != 0 ||
      wide_at(bytes + 72) != hash_of(descriptor)) {
    corrupt("another schema");
  }
  return true;
}

bool stream_create(struct stream* stream, const char* object, const char* descriptor, uint32_t capacity,
                   uint32_t producers, uint32_t consumers, enum overflow overflow) {
  *stream = (struct stream){
      .capacity = capacity, .producers = producers, .consumers = consumers, .overflow = overflow, .keep_latest = true};
  const uint32_t schema_length = (uint32_t)strlen(descriptor);
  uint32_t schema_offset;
  const uint64_t length = place(stream, schema_length, &schema_offset);
  stream->memory = memory_create(object, length);
  if (stream->memory == NULL) return false;
  unsigned char* bytes = stream->bytes = memory_bytes(stream->memory);
  const uint32_t words[] = {0,
                            LAYOUT_VERSION,
                            (uint32_t)length,
                            (uint32_t)(length >> 32),
                            0,
                            0,
                            0,
                            0,
                            1,
                            overflow,
                            0,
                            capacity,
                            producers,
                            consumers,
                            schema_offset,
                            schema_length,
                            stream->lanes_offset};
  memcpy(bytes, words, sizeof words);
  const uint64_t instance[] = {random_number(), random_number()};
  memcpy(bytes + 16, instance, sizeof instance);
  const uint64_t hash = hash_of(descriptor);
  memcpy(bytes + 72, &hash, sizeof hash);
  memcpy(bytes + schema_offset, descriptor, schema_length);
  store(stream, 0, MAGIC);
  if (memory_publish(stream->memory)) return true;
  memory_close(stream->memory);
  return false;
}

void stream_close(struct stream* stream) { memory_close(stream->memory); }

/* ---- sleeping ---- */

static void lie_down(const struct stream* stream, const struct sleeper* sleeper) {
  const uint32_t epoch = load(stream, sleeper->epoch_offset);
  store(stream, sleeper->epoch_offset, epoch == UINT32_MAX ? 1 : epoch + 1);
  set_bit(stream, sleeper->mask_offset, sleeper->bit);
  if (!memory_barrier()) sleep_ms(2);
}

static void get_up(const struct stream* stream, const struct sleeper* sleeper) {
  clear_bit(stream, sleeper->mask_offset, sleeper->bit);
}

static void ring_if_new(struct stream* stream, struct sleepers* sleepers, uint32_t index, size_t epoch_offset,
                        uint32_t number) {
  const uint32_t epoch = load(stream, epoch_offset);
  if (epoch == sleepers->rung[index]) return;
  sleepers->rung[index] = epoch;
  if (sleepers->bells[index] == NULL) sleepers->bells[index] = bell_open(stream->memory, number);
  bell_ring(sleepers->bells[index]);
}

static void ring_consumers(struct stream* stream, struct sleepers* sleepers) {
  const uint32_t mask = load(stream, SLEEPING_CONSUMERS);
  for (uint32_t index = 0; mask != 0 && index < stream->consumers; index++) {
    if ((mask >> index & 1) == 0) continue;
    ring_if_new(stream, sleepers, index, consumer_slot(stream, index) + CONSUMER_EPOCH, index);
  }
}

static void ring_producers(struct stream* stream, struct sleepers* sleepers) {
  for (uint32_t word = 0; word <= (stream->producers - 1) / 32; word++) {
    const uint32_t mask = load(stream, SLEEPING_PRODUCERS + word * 4);
    for (uint32_t index = word * 32; mask != 0 && index < word * 32 + 32 && index < stream->producers; index++) {
      if ((mask >> index % 32 & 1) == 0) continue;
      ring_if_new(stream, sleepers, index, producer_slot(index) + EPOCH, FIRST_PRODUCER_NUMBER + index);
    }
  }
}

static void close_bells(struct sleepers* sleepers) {
  for (size_t index = 0; index < 64; index++) {
    if (sleepers->bells[index] != NULL) bell_close(sleepers->bells[index]);
  }
}

/* ---- records ---- */

struct record {
  bool message; /* false: padding */
  bool more;
  uint32_t size;
  uint32_t length;
};

/* Returns false if the word is no commit word of a record at this place. */
static bool parse(uint32_t commit, uint32_t place, uint32_t capacity, struct record* record) {
  const uint32_t kind = commit & 3;
  record->message = kind == MESSAGE;
  record->more = (commit & MORE) != 0;
  record->length = commit >> 3;
  record->size = record_length(record->length);
  if (place % 8 != 0 || record->size > capacity - place) return false;
  return record->message || (kind == PADDING && record->size == capacity - place && place != 0);
}

/* Moves *position over the published records, until at least `enough` bytes are passed. */
static void walk(const struct stream* stream, uint32_t lane, uint32_t* position, uint32_t* sequence, uint32_t enough) {
  unsigned char* bytes = lane_bytes(stream, lane);
  uint32_t walked = 0;
  while (walked < enough) {
    const uint32_t place = *position & (stream->capacity - 1);
    const uint32_t commit = atomic_load(word_at(bytes, place));
    if (commit == 0) return;
    struct record record;
    if (!parse(commit, place, stream->capacity, &record)) corrupt("a record");
    if (record.message && sequence != NULL) *sequence = plain_word(bytes, place + 4) + 1;
    *position += record.size;
    walked += record.size;
  }
}

/* ---- producers ---- */

static void announce_end(struct producer* producer) {
  const size_t slot = producer_slot(producer->lane);
  store(producer->stream, slot + SEQUENCE, producer->batching ? producer->published_sequence : producer->sequence);
  store(producer->stream, slot + END, producer->batching ? producer->published_position : producer->position);
}

static void announce_base(struct producer* producer, uint64_t base) {
  unsigned char* word = producer->stream->bytes + producer_slot(producer->lane) + BASE;
  producer->base = base;
  if (producer->stream->overflow == OVERFLOW_WAIT) {
    atomic_store((_Atomic uint32_t*)word, (uint32_t)base);
  } else {
    atomic_store((_Atomic uint64_t*)word, base);
  }
  atomic_thread_fence(memory_order_seq_cst);
}

static void make_room(struct producer* producer, uint32_t needed) {
  const uint32_t capacity = producer->stream->capacity;
  const uint32_t wanted = needed > capacity / 16 ? needed : capacity / 16;
  const uint32_t held = producer->position - (uint32_t)producer->base;
  if (held + wanted <= capacity) return;
  uint32_t position = (uint32_t)producer->base;
  walk(producer->stream, producer->lane, &position, NULL, held + wanted - capacity);
  announce_base(producer, producer->base + (uint32_t)(position - (uint32_t)producer->base));
}

static void refresh_limit(struct producer* producer, uint32_t needed) {
  struct stream* stream = producer->stream;
  const uint32_t capacity = stream->capacity;
  announce_end(producer);
  if (stream->overflow == OVERFLOW_OVERWRITE) {
    make_room(producer, needed);
    producer->limit = (uint32_t)producer->base + capacity;
    return;
  }

  const uint32_t live = load(stream, LIVE);
  if (live != 0) {
    uint32_t behind_most = 0;
    const uint32_t most = producer->position - (uint32_t)producer->base;
    const uint32_t unpublished = producer->batching ? producer->position - producer->published_position : 0;
    for (uint32_t consumer = 0; consumer < stream->consumers; consumer++) {
      if ((live >> consumer & 1) == 0) continue;
      uint32_t behind = producer->position - load(stream, position_offset(stream, consumer, producer->lane));
      if (behind > most || behind < unpublished)
        behind = most; /* a position after the end gives a very large number, too */
      if (behind > behind_most) behind_most = behind;
    }
    if (behind_most < most) announce_base(producer, (uint32_t)(producer->position - behind_most));
  } else if (stream->keep_latest) {
    make_room(producer, needed);
  }

  atomic_thread_fence(memory_order_seq_cst);
  const uint32_t live_now = load(stream, LIVE);
  uint32_t behind_most = producer->position - (uint32_t)producer->base;
  for (uint32_t consumer = 0; consumer < stream->consumers; consumer++) {
    if ((live_now >> consumer & 1) == 0) continue;
    const uint32_t behind = producer->position - load(stream, position_offset(stream, consumer, producer->lane));
    if (behind <= capacity && behind > behind_most) behind_most = behind;
  }
  producer->limit = producer->position - behind_most + capacity;
}

void producer_join(struct producer* producer, struct stream* stream) {
  memset(producer, 0, sizeof *producer);
  producer->stream = stream;
  for (int pass = 0; pass < 2 && producer->lease == NULL; pass++) {
    for (uint32_t lane = 0; lane < stream->producers && producer->lease == NULL; lane++) {
      if (pass == 0 && load(stream, producer_slot(lane) + STATE) != STATE_OPEN) continue;
      producer->lease = lease_claim(stream->memory, FIRST_PRODUCER_NUMBER + lane);
      producer->lane = lane;
    }
  }
  if (producer->lease == NULL) corrupt("no free producer slot");

  const uint32_t lane = producer->lane;
  const size_t slot = producer_slot(lane);
  producer->bytes = lane_bytes(stream, lane);
  producer->sleeper = (struct sleeper){.bell = bell_open(stream->memory, FIRST_PRODUCER_NUMBER + lane),
                                       .mask_offset = SLEEPING_PRODUCERS,
                                       .bit = lane,
                                       .epoch_offset = (uint32_t)slot + EPOCH};
  ring_consumers(stream, &producer->consumers);
  clear_bit(stream, SLEEPING_PRODUCERS, lane);

  producer->base = load_base(stream, lane);
  const uint32_t end = load(stream, slot + END);
  producer->sequence = load(stream, slot + SEQUENCE);
  producer->position = end - (uint32_t)producer->base <= stream->capacity ? end : (uint32_t)producer->base;
  const uint32_t begin = producer->position;
  walk(stream, lane, &producer->position, &producer->sequence, stream->capacity + 1);
  if (producer->position - begin > stream->capacity) corrupt("a lane without end");
  refresh_limit(producer, 0);
  store(stream, slot + STATE, STATE_OPEN);
  set_bit(stream, ACTIVE, lane);
  atomic_fetch_add(word_at(stream->bytes, OPENINGS), 1);
  ring_consumers(stream, &producer->consumers);
}

/* Publishes what begins at `place` and ends at the producer's new position, or adds it to the batch. */
static void append(struct producer* producer, uint32_t place, uint32_t size, uint32_t commit) {
  const uint32_t mask = producer->stream->capacity - 1;
  producer->position += size;
  if (!producer->batching) {
    set_plain_word(producer->bytes, producer->position & mask, 0);
    atomic_store(word_at(producer->bytes, place), commit);
    return;
  }
  if (producer->held_commit == 0) {
    producer->held_place = place;
    producer->held_commit = commit;
  } else {
    if (producer->last_place == producer->held_place) {
      producer->held_commit |= MORE;
    } else {
      set_plain_word(producer->bytes, producer->last_place, plain_word(producer->bytes, producer->last_place) | MORE);
    }
    set_plain_word(producer->bytes, place, commit);
  }
  producer->last_place = place;
}

static uint32_t rest_of(const struct producer* producer) {
  return producer->stream->capacity - (producer->position & (producer->stream->capacity - 1));
}

static bool has_room(struct producer* producer, uint32_t length) {
  const uint32_t size = record_length(length);
  const uint32_t needed = size + RECORD_HEADER + (size > rest_of(producer) ? rest_of(producer) : 0);
  if (producer->limit - producer->position >= needed) return true;
  refresh_limit(producer, needed);
  return producer->limit - producer->position >= needed;
}

/* Removes consumers that have died. Returns true if a consumer was removed or may have left. */
static bool evict_dead(struct producer* producer) {
  struct stream* stream = producer->stream;
  bool gone = false;
  for (uint32_t consumer = 0; consumer < stream->consumers; consumer++) {
    if (!has_bit(stream, LIVE, consumer) || lease_is_held(stream->memory, consumer)) continue;
    gone = true;
    struct lease* lease = lease_claim(stream->memory, consumer);
    if (lease == NULL) continue;
    ring_producers(stream, &producer->producers);
    store(stream, consumer_slot(stream, consumer) + CONSUMER_READY, 0);
    clear_bit(stream, LIVE, consumer);
    clear_bit(stream, SLEEPING_CONSUMERS, consumer);
    lease_release(lease);
  }
  return gone;
}

void* producer_claim(struct producer* producer, uint32_t length) {
  if (length > producer->stream->capacity / 2 - 16 || !has_room(producer, length)) return NULL;
  const uint32_t rest = rest_of(producer);
  if (record_length(length) > rest) {
    const uint32_t place = producer->position & (producer->stream->capacity - 1);
    append(producer, place, rest, (rest - RECORD_HEADER) << 3 | PADDING);
  }
  producer->claimed = length;
  return producer->bytes + (producer->position & (producer->stream->capacity - 1)) + RECORD_HEADER;
}

void producer_commit(struct producer* producer, uint32_t length) {
  const uint32_t place = producer->position & (producer->stream->capacity - 1);
  set_plain_word(producer->bytes, place + 4, producer->sequence++);
  append(producer, place, record_length(length), length << 3 | MESSAGE);
  if (!producer->batching) ring_consumers(producer->stream, &producer->consumers);
}

void producer_abort(struct producer* producer) { producer->claimed = 0; }

void producer_begin_batch(struct producer* producer) {
  producer->published_position = producer->position;
  producer->published_sequence = producer->sequence;
  producer->held_commit = 0;
  producer->batching = true;
}

void producer_end_batch(struct producer* producer) {
  producer->batching = false;
  if (producer->held_commit == 0) return;
  set_plain_word(producer->bytes, producer->position & (producer->stream->capacity - 1), 0);
  atomic_store(word_at(producer->bytes, producer->held_place), producer->held_commit);
  ring_consumers(producer->stream, &producer->consumers);
}

void producer_wait(struct producer* producer, uint32_t length) {
  struct stream* stream = producer->stream;
  for (;;) {
    lie_down(stream, &producer->sleeper);
    if (has_room(producer, length)) break;
    if (!evict_dead(producer)) {
      unsigned leases[32];
      size_t count = 0;
      for (uint32_t consumer = 0; consumer < stream->consumers; consumer++) {
        if (has_bit(stream, LIVE, consumer)) leases[count++] = consumer;
      }
      bell_wait(stream->memory, producer->sleeper.bell, leases, count);
    }
    get_up(stream, &producer->sleeper);
  }
  get_up(stream, &producer->sleeper);
}

void producer_close(struct producer* producer) {
  struct stream* stream = producer->stream;
  announce_end(producer);
  store(stream, producer_slot(producer->lane) + STATE, STATE_CLOSED);
  clear_bit(stream, ACTIVE, producer->lane);
  ring_consumers(stream, &producer->consumers);
  close_bells(&producer->consumers);
  close_bells(&producer->producers);
  bell_close(producer->sleeper.bell);
  lease_release(producer->lease);
}

/* ---- consumers ---- */

static bool is_used(const struct stream* stream, uint32_t lane) {
  const uint32_t state = load(stream, producer_slot(lane) + STATE);
  return state == STATE_OPEN || state == STATE_CLOSED;
}

/* A lane that is used for the first time is read from its start. */
static void start(struct consumer* consumer, uint32_t lane) {
  const struct stream* stream = consumer->stream;
  struct cursor* cursor = &consumer->cursors[lane];
  cursor->started = true;
  cursor->position =
      consumer->holds ? load(stream, position_offset(stream, consumer->slot, lane)) : load_base(stream, lane);
  cursor->released = (uint32_t)cursor->position;
}

static void release(struct consumer* consumer, uint32_t lane) {
  struct cursor* cursor = &consumer->cursors[lane];
  if (!consumer->holds || cursor->released == (uint32_t)cursor->position) return;
  cursor->released = (uint32_t)cursor->position;
  store(consumer->stream, position_offset(consumer->stream, consumer->slot, lane), cursor->released);
  ring_producers(consumer->stream, &consumer->producers);
}

static const void* next_held(struct consumer* consumer, uint32_t lane, uint32_t* length) {
  const struct stream* stream = consumer->stream;
  struct cursor* cursor = &consumer->cursors[lane];
  unsigned char* bytes = lane_bytes(stream, lane);
  if ((uint32_t)cursor->position - cursor->released >= stream->capacity / 8) release(consumer, lane);
  for (;;) {
    const uint32_t place = (uint32_t)cursor->position & (stream->capacity - 1);
    const uint32_t commit = cursor->more ? plain_word(bytes, place) : atomic_load(word_at(bytes, place));
    if (commit == 0 && !cursor->more) {
      release(consumer, lane);
      return NULL;
    }
    struct record record;
    if (!parse(commit, place, stream->capacity, &record)) corrupt("a record");
    cursor->more = record.more;
    cursor->position += record.size;
    if (!record.message) continue;
    const uint32_t sequence = plain_word(bytes, place + 4);
    if (cursor->expects && sequence != cursor->expected) corrupt("a sequence number");
    cursor->expects = true;
    cursor->expected = sequence + 1;
    *length = record.length;
    return bytes + place + RECORD_HEADER;
  }
}

static const void* next_overtaken(struct consumer* consumer, uint32_t lane, uint32_t* length) {
  const struct stream* stream = consumer->stream;
  struct cursor* cursor = &consumer->cursors[lane];
  unsigned char* bytes = lane_bytes(stream, lane);
  for (;;) {
    const uint32_t place = (uint32_t)cursor->position & (stream->capacity - 1);
    const uint32_t commit = atomic_load(word_at(bytes, place));
    struct record record = {0};
    const bool valid = commit != 0 && parse(commit, place, stream->capacity, &record);
    uint32_t sequence = 0;
    if (valid && record.message) {
      sequence = plain_word(bytes, place + 4);
      memcpy(consumer->copy, bytes + place + RECORD_HEADER, record.length);
    }
    atomic_thread_fence(memory_order_acquire);
    const uint64_t base = load_base(stream, lane);
    if (base > cursor->position) {
      cursor->position = base;
      continue;
    }
    if (commit == 0) return NULL;
    if (!valid) corrupt("a record");
    cursor->position += record.size;
    if (!record.message) continue;
    if (cursor->expects) consumer->missed += (uint32_t)(sequence - cursor->expected);
    cursor->expects = true;
    cursor->expected = sequence + 1;
    *length = record.length;
    return consumer->copy;
  }
}

static const void* next_in(struct consumer* consumer, uint32_t lane, uint32_t* length) {
  if (!is_used(consumer->stream, lane)) return NULL;
  if (!consumer->cursors[lane].started) start(consumer, lane);
  return consumer->holds ? next_held(consumer, lane, length) : next_overtaken(consumer, lane, length);
}

static void join_live(struct consumer* consumer) {
  struct stream* stream = consumer->stream;
  for (uint32_t lane = 0; lane < stream->producers; lane++) {
    store(stream, position_offset(stream, consumer->slot, lane), (uint32_t)load_base(stream, lane));
  }
  set_bit(stream, LIVE, consumer->slot);
  for (uint32_t lane = 0; lane < stream->producers; lane++) {
    uint32_t held, seen = (uint32_t)load_base(stream, lane);
    do {
      held = seen;
      store(stream, position_offset(stream, consumer->slot, lane), held);
      seen = (uint32_t)load_base(stream, lane);
    } while (seen != held);
  }
}

static void skip(struct consumer* consumer, uint32_t lane) {
  const struct stream* stream = consumer->stream;
  struct cursor* cursor = &consumer->cursors[lane];
  start(consumer, lane);
  if (consumer->holds) {
    uint32_t position = (uint32_t)cursor->position;
    walk(stream, lane, &position, NULL, stream->capacity);
    cursor->position = position;
    release(consumer, lane);
    return;
  }
  const uint32_t ahead = load(stream, producer_slot(lane) + END) - (uint32_t)cursor->position;
  if (ahead <= stream->capacity) cursor->position += ahead;
  const uint64_t begin = cursor->position;
  uint32_t length;
  while (cursor->position - begin < stream->capacity && next_overtaken(consumer, lane, &length) != NULL) continue;
  consumer->missed = 0;
}

static void store_ready(struct consumer* consumer, uint32_t ready) {
  store(consumer->stream, consumer_slot(consumer->stream, consumer->slot) + CONSUMER_READY, ready);
}

void consumer_join(struct consumer* consumer, struct stream* stream, bool writable, bool from_oldest) {
  memset(consumer, 0, sizeof *consumer);
  consumer->stream = stream;
  consumer->holds = stream->overflow == OVERFLOW_WAIT;
  if (consumer->holds && !writable) corrupt("producers wait for their consumers, which must be able to write");
  consumer->copy = malloc(stream->capacity / 2);
  if (consumer->copy == NULL) fail("malloc");
  while (writable && consumer->lease == NULL && consumer->slot < stream->consumers) {
    consumer->lease = lease_claim(stream->memory, consumer->slot);
    if (consumer->lease == NULL) consumer->slot++;
  }
  if (writable && consumer->lease == NULL) corrupt("no free consumer slot");
  if (writable) {
    consumer->sleeper =
        (struct sleeper){.bell = bell_open(stream->memory, consumer->slot),
                         .mask_offset = SLEEPING_CONSUMERS,
                         .bit = consumer->slot,
                         .epoch_offset = (uint32_t)consumer_slot(stream, consumer->slot) + CONSUMER_EPOCH};
    if (consumer->holds) ring_producers(stream, &consumer->producers);
    store_ready(consumer, 0);
    clear_bit(stream, LIVE, consumer->slot);
    clear_bit(stream, SLEEPING_CONSUMERS, consumer->slot);
  }
  if (consumer->holds) {
    join_live(consumer);
    ring_producers(stream, &consumer->producers);
  }
  for (uint32_t lane = 0; lane < stream->producers; lane++) {
    if (!is_used(stream, lane)) continue;
    if (from_oldest) {
      start(consumer, lane);
    } else {
      skip(consumer, lane);
    }
  }
  if (writable) {
    store_ready(consumer, 1);
    ring_producers(stream, &consumer->producers);
  }
}

const void* consumer_next(struct consumer* consumer, uint32_t* length, uint32_t* lane) {
  const uint32_t producers = consumer->stream->producers;
  for (uint32_t visited = 0; visited < producers; visited++) {
    const uint32_t turn = (consumer->turn + visited) % producers;
    const void* payload = next_in(consumer, turn, length);
    if (payload == NULL) continue;
    consumer->turn = turn + 1;
    *lane = turn;
    return payload;
  }
  return NULL;
}

static bool is_ready(struct consumer* consumer) {
  const struct stream* stream = consumer->stream;
  for (uint32_t lane = 0; lane < stream->producers; lane++) {
    if (!is_used(stream, lane)) continue;
    struct cursor* cursor = &consumer->cursors[lane];
    if (!cursor->started) start(consumer, lane);
    const uint32_t place = (uint32_t)cursor->position & (stream->capacity - 1);
    if (cursor->more || atomic_load(word_at(lane_bytes(stream, lane), place)) != 0) return true;
    if (!consumer->holds && load_base(stream, lane) > cursor->position) return true;
  }
  return false;
}

/* Returns the end, or the leases of all living producers to watch. If no producer has opened a lane yet, those of
 * joining ones. */
static enum end look_for_end(struct consumer* consumer, unsigned* watched, size_t* count) {
  const struct stream* stream = consumer->stream;
  enum end end = NOT_ENDED;
  *count = 0;
  for (uint32_t lane = 0; lane < stream->producers; lane++) {
    uint32_t state = load(stream, producer_slot(lane) + STATE);
    if (state == STATE_OPEN) {
      if (lease_is_held(stream->memory, FIRST_PRODUCER_NUMBER + lane)) {
        watched[(*count)++] = FIRST_PRODUCER_NUMBER + lane;
        continue;
      }
      state = load(stream,
                   producer_slot(lane) + STATE); /* a closing producer sets its state before it releases its lease */
    }
    if (state == STATE_OPEN) end = ENDED_DIED;
    if (state == STATE_CLOSED && end == NOT_ENDED) end = ENDED_CLOSED;
  }
  for (uint32_t lane = 0; *count == 0 && end == NOT_ENDED && lane < stream->producers; lane++) {
    if (lease_is_held(stream->memory, FIRST_PRODUCER_NUMBER + lane)) watched[(*count)++] = FIRST_PRODUCER_NUMBER + lane;
  }
  return *count == 0 ? end : NOT_ENDED;
}

enum end consumer_wait(struct consumer* consumer) {
  struct stream* stream = consumer->stream;
  for (;;) {
    for (uint32_t lane = 0; lane < stream->producers; lane++) {
      if (consumer->cursors[lane].started) release(consumer, lane);
    }
    if (consumer->lease != NULL) {
      lie_down(stream, &consumer->sleeper);
    }
    unsigned watched[64];
    size_t count = 0;
    enum end end = NOT_ENDED;
    bool ready = is_ready(consumer);
    if (!ready) {
      const uint32_t openings = load(stream, OPENINGS);
      end = look_for_end(consumer, watched, &count);
      if (end != NOT_ENDED && load(stream, OPENINGS) != openings) {
        if (consumer->lease != NULL) get_up(stream, &consumer->sleeper);
        continue;
      }
      ready = is_ready(consumer);
    }
    if (!ready && end == NOT_ENDED) {
      if (consumer->lease == NULL) {
        sleep_ms(5);
      } else {
        bell_wait(stream->memory, consumer->sleeper.bell, watched, count);
      }
    }
    if (consumer->lease != NULL) get_up(stream, &consumer->sleeper);
    if (ready) return NOT_ENDED;
    if (end != NOT_ENDED) return end;
  }
}

void consumer_leave(struct consumer* consumer) {
  struct stream* stream = consumer->stream;
  free(consumer->copy);
  if (consumer->lease == NULL) return;
  store_ready(consumer, 0);
  clear_bit(stream, LIVE, consumer->slot);
  clear_bit(stream, SLEEPING_CONSUMERS, consumer->slot);
  ring_producers(stream, &consumer->producers);
  close_bells(&consumer->producers);
  bell_close(consumer->sleeper.bell);
  lease_release(consumer->lease);
}
