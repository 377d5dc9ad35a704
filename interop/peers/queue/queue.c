#include "queue.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../stream/format.h"

enum {
  MAGIC = 0x314e4c4d,
  LAYOUT_VERSION = 2,
  SHAPE = 3,
  HEADER_LENGTH = 80,
  LIVE = 128,
  USED = 256,
  SLEEPING_CONSUMERS = 384,
  SLEEPING_PRODUCERS = 512,
  RETURNS = 640,
  PRODUCER_PLACES = 1024,
  PRODUCER_PLACE_LENGTH = 384,
  CONSUMER_PLACE_LENGTH = 128,
  /* producer place */
  STATE = 0,
  PRODUCER_EPOCH = 4,
  TAIL = 128,
  HINT = 256,
  STATE_OPEN = 1,
  STATE_CLOSED = 2,
  /* slot */
  BASE = 4,
  LENGTH = 8,
  PID = 12,
  SENT_AT = 16,
  PAYLOAD = 24,
  NOTE_LENGTH = 128,
  FIRST_PRODUCER = 32,
};

enum kind { FREE, READY, TAKEN, RETURNING, RETURNED, DEAD };

#define GENERATIONS UINT32_C(0xffffff)
#define REJECTED UINT32_C(0x80000000)

/* ---- words ---- */

static uint32_t word_of(enum kind kind, uint32_t consumer, uint32_t generation) {
  return (uint32_t)kind | consumer << 3 | generation << 8;
}
static enum kind kind_of(uint32_t word) { return (enum kind)(word & 7); }
static uint32_t consumer_of(uint32_t word) { return word >> 3 & 31; }
static uint32_t generation_of(uint32_t word) { return word >> 8; }

static _Atomic uint32_t* word_at(const struct queue* queue, size_t offset) {
  return (_Atomic uint32_t*)(queue->bytes + offset);
}
static uint32_t load(const struct queue* queue, size_t offset) { return atomic_load(word_at(queue, offset)); }
static void store(const struct queue* queue, size_t offset, uint32_t value) {
  atomic_store(word_at(queue, offset), value);
}
static bool change(const struct queue* queue, size_t offset, uint32_t from, uint32_t to) {
  return atomic_compare_exchange_strong(word_at(queue, offset), &from, to);
}
static void set_bit(const struct queue* queue, size_t mask, uint32_t bit) {
  atomic_fetch_or(word_at(queue, mask + bit / 32 * 4), UINT32_C(1) << bit % 32);
}
static void clear_bit(const struct queue* queue, size_t mask, uint32_t bit) {
  atomic_fetch_and(word_at(queue, mask + bit / 32 * 4), ~(UINT32_C(1) << bit % 32));
}
static bool has_bit(const struct queue* queue, size_t mask, uint32_t bit) {
  return (load(queue, mask + bit / 32 * 4) >> bit % 32 & 1) != 0;
}
static uint32_t plain(const struct queue* queue, size_t offset) {
  uint32_t word;
  memcpy(&word, queue->bytes + offset, sizeof word);
  return word;
}
static void set_plain(const struct queue* queue, size_t offset, uint32_t word) {
  memcpy(queue->bytes + offset, &word, sizeof word);
}

/* ---- places ---- */

static size_t producer_place(uint32_t place) { return PRODUCER_PLACES + (size_t)place * PRODUCER_PLACE_LENGTH; }
static size_t consumer_place(const struct queue* queue, uint32_t place) {
  return producer_place(queue->producers) + (size_t)place * CONSUMER_PLACE_LENGTH;
}
static size_t area_of(const struct queue* queue, uint32_t place) { return queue->areas + place * queue->area_length; }
static size_t slot_of(const struct queue* queue, uint32_t place, uint32_t slot) {
  return area_of(queue, place) + queue->ring_length + slot * queue->slot_length;
}
static uint32_t owner_of(const struct queue* queue, size_t slot) {
  return (uint32_t)((slot - queue->areas) / queue->area_length);
}
static size_t note_of(const struct queue* queue, size_t slot) {
  const size_t first = slot_of(queue, owner_of(queue, slot), 0);
  return first + queue->capacity * queue->slot_length + (slot - first) / queue->slot_length * NOTE_LENGTH;
}
/* One access of 8 bytes. */
static _Atomic double* entry_at(const struct queue* queue, uint32_t place, uint32_t position) {
  return (_Atomic double*)(queue->bytes + area_of(queue, place) + position % (2 * queue->capacity) * 8);
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

static _Noreturn void corrupt(const char* what) {
  fprintf(stderr, "corrupt: %s\n", what);
  exit(4);
}

/* ---- queues ---- */

/* Sets what follows from the numbers of the header. Returns the whole length. */
static size_t place_parts(struct queue* queue, uint32_t schema_length, uint32_t* schema_offset) {
  *schema_offset = (uint32_t)consumer_place(queue, queue->consumers);
  queue->areas = round_up(*schema_offset + schema_length, 128);
  queue->slot_length = round_up(PAYLOAD + queue->message_length, 64);
  queue->ring_length = round_up((size_t)16 * queue->capacity, 64);
  queue->area_length = round_up(queue->ring_length + queue->capacity * (queue->slot_length + NOTE_LENGTH), 128);
  return round_up(queue->areas + queue->producers * queue->area_length, 65536);
}

bool queue_open(struct queue* queue, const char* object, const char* descriptor) {
  memset(queue, 0, sizeof *queue);
  queue->memory = memory_open(object, true);
  if (queue->memory == NULL) return false;
  queue->bytes = memory_bytes(queue->memory);
  if (memory_length(queue->memory) < HEADER_LENGTH || load(queue, 0) != MAGIC) corrupt("no channel");
  if (plain(queue, 4) != LAYOUT_VERSION || plain(queue, 32) != SHAPE) corrupt("no queue of this version");
  const uint32_t schema_length = plain(queue, 60);
  queue->capacity = plain(queue, 36);
  queue->message_length = plain(queue, 40);
  queue->deliveries = plain(queue, 48) & 0xffff;
  queue->producers = plain(queue, 52) & 0xffff;
  queue->consumers = plain(queue, 52) >> 16;
  const uint32_t capacity = queue->capacity;
  if (capacity < 2 || capacity > 65536 || (capacity & (capacity - 1)) != 0 || queue->message_length < 1 ||
      queue->message_length > INT32_MAX || queue->deliveries < 1 || queue->producers < 1 || queue->producers > 64 ||
      queue->consumers < 1 || queue->consumers > 32 || schema_length > 1u << 20 || plain(queue, 44) != 0) {
    corrupt("a number of the header (this peer knows no maxProcessingMs)");
  }
  uint32_t schema_offset;
  const size_t length = place_parts(queue, schema_length, &schema_offset);
  if (plain(queue, 56) != schema_offset || plain(queue, 64) != length || plain(queue, 8) != length ||
      length > memory_length(queue->memory)) {
    corrupt("the numbers of the header do not fit each other");
  }
  uint64_t hash;
  memcpy(&hash, queue->bytes + 72, sizeof hash);
  if (schema_length != strlen(descriptor) || memcmp(queue->bytes + schema_offset, descriptor, schema_length) != 0 ||
      hash != hash_of(descriptor)) {
    corrupt("another schema");
  }
  return true;
}

bool queue_create(struct queue* queue, const char* object, const char* descriptor, uint32_t capacity,
                  uint32_t message_length, uint32_t deliveries) {
  *queue = (struct queue){
      .capacity = capacity, .message_length = message_length, .deliveries = deliveries, .producers = 2, .consumers = 4};
  const uint32_t schema_length = (uint32_t)strlen(descriptor);
  uint32_t schema_offset;
  const uint32_t length = (uint32_t)place_parts(queue, schema_length, &schema_offset);
  queue->memory = memory_create(object, length);
  if (queue->memory == NULL) return false;
  queue->bytes = memory_bytes(queue->memory);
  const uint64_t instance[] = {random_number(), random_number()};
  const uint64_t hash = hash_of(descriptor);
  set_plain(queue, 4, LAYOUT_VERSION);
  set_plain(queue, 8, length);
  memcpy(queue->bytes + 16, instance, sizeof instance);
  const uint32_t words[] = {SHAPE,
                            capacity,
                            message_length,
                            0,
                            deliveries | (capacity / 4) << 16,
                            queue->producers | queue->consumers << 16,
                            schema_offset,
                            schema_length,
                            length};
  memcpy(queue->bytes + 32, words, sizeof words);
  memcpy(queue->bytes + 72, &hash, sizeof hash);
  memcpy(queue->bytes + schema_offset, descriptor, schema_length);
  store(queue, 0, MAGIC);
  if (memory_publish(queue->memory)) return true;
  memory_close(queue->memory);
  return false;
}

void queue_close(struct queue* queue) {
  for (size_t index = 0; index < 96; index++) {
    if (queue->bells[index] != NULL) bell_close(queue->bells[index]);
  }
  if (queue->bell != NULL) bell_close(queue->bell);
  if (queue->lease != NULL) lease_release(queue->lease);
  memory_close(queue->memory);
}

/* ---- sleeping and ringing ---- */

static size_t epoch_of(const struct queue* queue, unsigned number) {
  return number < FIRST_PRODUCER ? consumer_place(queue, number)
                                 : producer_place(number - FIRST_PRODUCER) + PRODUCER_EPOCH;
}
static size_t mask_of(unsigned number) { return number < FIRST_PRODUCER ? SLEEPING_CONSUMERS : SLEEPING_PRODUCERS; }
static uint32_t bit_of(unsigned number) { return number < FIRST_PRODUCER ? number : number - FIRST_PRODUCER; }

static void lie_down(const struct queue* queue) {
  const size_t offset = epoch_of(queue, queue->number);
  const uint32_t epoch = load(queue, offset);
  store(queue, offset, epoch == UINT32_MAX ? 1 : epoch + 1);
  set_bit(queue, mask_of(queue->number), bit_of(queue->number));
  if (!memory_barrier()) sleep_ms(2);
}

static void get_up(const struct queue* queue) { clear_bit(queue, mask_of(queue->number), bit_of(queue->number)); }

static void ring_if_asleep(struct queue* queue, unsigned number) {
  if (!has_bit(queue, mask_of(number), bit_of(number))) return;
  const uint32_t epoch = load(queue, epoch_of(queue, number));
  if (epoch == queue->rung[number]) return;
  queue->rung[number] = epoch;
  if (queue->bells[number] == NULL) queue->bells[number] = bell_open(queue->memory, number);
  bell_ring(queue->bells[number]);
}

static void ring_consumers(struct queue* queue) {
  if (load(queue, SLEEPING_CONSUMERS) == 0) return;
  for (uint32_t index = 0; index < queue->consumers; index++) ring_if_asleep(queue, index);
}
static void ring_producers(struct queue* queue) {
  for (uint32_t index = 0; index < queue->producers; index++) ring_if_asleep(queue, FIRST_PRODUCER + index);
}

static uint32_t claim_place(struct queue* queue, unsigned first, uint32_t count) {
  for (uint32_t place = 0; place < count; place++) {
    queue->lease = lease_claim(queue->memory, first + place);
    if (queue->lease == NULL) continue;
    queue->number = first + place;
    queue->bell = bell_open(queue->memory, queue->number);
    return place;
  }
  fail("all places are taken");
}

/* ---- producers ---- */

void producer_join(struct producer* producer, struct queue* queue) {
  *producer = (struct producer){.queue = queue, .place = claim_place(queue, FIRST_PRODUCER, queue->producers)};
  const size_t place = producer_place(producer->place);
  clear_bit(queue, SLEEPING_PRODUCERS, producer->place);
  store(queue, place + STATE, STATE_OPEN);
  set_bit(queue, USED, producer->place);
  ring_consumers(queue);
  producer->tail = load(queue, place + TAIL);
  for (uint32_t slot = 0; slot < queue->capacity; slot++) {
    const size_t offset = slot_of(queue, producer->place, slot);
    const uint32_t word = load(queue, offset);
    if (kind_of(word) != READY) continue;
    const double wanted = ((double)slot + 1) * 0x1000000 + generation_of(word);
    bool named = false;
    for (uint32_t back = 1; back <= queue->capacity; back++) {
      if (atomic_load(entry_at(queue, producer->place, producer->tail - back)) == wanted) named = true;
    }
    if (!named) store(queue, offset, word_of(FREE, 0, generation_of(word)));
  }
}

static bool is_free(const struct producer* producer, uint32_t slot) {
  return kind_of(load(producer->queue, slot_of(producer->queue, producer->place, slot))) == FREE;
}

static bool find_free(struct producer* producer) {
  for (uint32_t tried = 0; tried < producer->queue->capacity; tried++) {
    if (is_free(producer, producer->next)) return true;
    producer->next = (producer->next + 1) % producer->queue->capacity;
  }
  return false;
}

uint32_t producer_send(struct producer* producer, const void* messages, uint32_t length, uint32_t count) {
  struct queue* queue = producer->queue;
  uint32_t sent = 0;
  for (; sent < count && find_free(producer); sent++) {
    const size_t slot = slot_of(queue, producer->place, producer->next);
    const uint32_t generation = generation_of(load(queue, slot));
    const double time = now_ms();
    memcpy(queue->bytes + slot + PAYLOAD, (const unsigned char*)messages + (size_t)sent * length, length);
    memcpy(queue->bytes + slot + SENT_AT, &time, sizeof time);
    set_plain(queue, slot + LENGTH, length);
    set_plain(queue, slot + BASE, generation);
    atomic_store_explicit(word_at(queue, slot), word_of(READY, 0, generation), memory_order_relaxed);
    atomic_store_explicit(entry_at(queue, producer->place, producer->tail + sent),
                          ((double)producer->next + 1) * 0x1000000 + generation, memory_order_relaxed);
    producer->next = (producer->next + 1) % queue->capacity;
  }
  if (sent == 0) return 0;
  producer->tail += sent;
  store(queue, producer_place(producer->place) + TAIL, producer->tail);
  ring_consumers(queue);
  return sent;
}

static bool is_settled(const struct producer* producer) {
  for (uint32_t slot = 0; slot < producer->queue->capacity; slot++) {
    const enum kind kind = kind_of(load(producer->queue, slot_of(producer->queue, producer->place, slot)));
    if (kind != FREE && kind != DEAD) return false;
  }
  return true;
}

void producer_wait(struct producer* producer, bool all) {
  struct queue* queue = producer->queue;
  while (!(all ? is_settled(producer) : find_free(producer))) {
    lie_down(queue);
    if (!(all ? is_settled(producer) : find_free(producer))) {
      unsigned leases[32];
      size_t count = 0;
      for (uint32_t index = 0; index < queue->consumers; index++) {
        if (has_bit(queue, LIVE, index) && lease_is_held(queue->memory, index)) leases[count++] = index;
      }
      if (!(all ? is_settled(producer) : find_free(producer))) bell_wait(queue->memory, queue->bell, leases, count);
    }
    get_up(queue);
  }
}

void producer_leave(struct producer* producer) {
  struct queue* queue = producer->queue;
  store(queue, producer_place(producer->place) + STATE, STATE_CLOSED);
  clear_bit(queue, SLEEPING_PRODUCERS, producer->place);
  ring_consumers(queue);
}

/* ---- giving back ---- */

static enum kind kind_after(const struct queue* queue, size_t slot, uint32_t word) {
  const uint32_t base = plain(queue, slot + BASE);
  const uint32_t count = (generation_of(word) - base) & GENERATIONS;
  return (base & REJECTED) != 0 || count >= queue->deliveries ? DEAD : RETURNED;
}

static void give_back_of(struct queue* queue, uint32_t consumer, bool ask) {
  for (uint32_t place = 0; place < queue->producers; place++) {
    if (!has_bit(queue, USED, place)) continue;
    for (uint32_t index = 0; index < queue->capacity; index++) {
      const size_t slot = slot_of(queue, place, index);
      const uint32_t word = load(queue, slot);
      const bool held = kind_of(word) == TAKEN || kind_of(word) == RETURNING;
      if (!held || consumer_of(word) != consumer || (ask && lease_is_held(queue->memory, consumer))) continue;
      change(queue, slot, word, word_of(kind_after(queue, slot, word), 0, generation_of(word)));
    }
  }
  atomic_fetch_add(word_at(queue, RETURNS), 1);
  ring_producers(queue);
}

static void leave_consumers(struct queue* queue, uint32_t consumer) {
  clear_bit(queue, LIVE, consumer);
  clear_bit(queue, SLEEPING_CONSUMERS, consumer);
}

static void recover(struct queue* queue, uint32_t consumer) {
  give_back_of(queue, consumer, true);
  struct lease* lease = lease_claim(queue->memory, consumer);
  if (lease == NULL) return;
  give_back_of(queue, consumer, false);
  leave_consumers(queue, consumer);
  lease_release(lease);
}

/* ---- consumers ---- */

void consumer_join(struct consumer* consumer, struct queue* queue) {
  *consumer = (struct consumer){.queue = queue};
  for (uint32_t index = 0; index < queue->consumers; index++) {
    if (has_bit(queue, LIVE, index) && !lease_is_held(queue->memory, index)) give_back_of(queue, index, true);
  }
  consumer->place = claim_place(queue, 0, queue->consumers);
  give_back_of(queue, consumer->place, false);
  clear_bit(queue, SLEEPING_CONSUMERS, consumer->place);
  set_bit(queue, LIVE, consumer->place);
  ring_consumers(queue);
  ring_producers(queue);
  for (uint32_t place = 0; place < queue->producers; place++) {
    consumer->positions[place] = plain(queue, producer_place(place) + HINT);
  }
}

/* Goes to the next entry whose slot holds its message. Returns the slot, or 0; *word is its word. */
static size_t find_new(struct consumer* consumer, uint32_t place, uint32_t* word) {
  const struct queue* queue = consumer->queue;
  uint32_t* position = &consumer->positions[place];
  const uint32_t tail = load(queue, producer_place(place) + TAIL);
  const uint32_t hint = plain(queue, producer_place(place) + HINT);
  const uint32_t oldest = tail - queue->capacity;
  if ((int32_t)(*position - oldest) < 0 || (int32_t)(tail - *position) < 0) *position = oldest;
  if ((int32_t)(hint - *position) > 0 && (int32_t)(tail - hint) >= 0) *position = hint;
  for (; (int32_t)(tail - *position) > 0; (*position)++) {
    const double entry = atomic_load(entry_at(queue, place, *position));
    if (!(entry >= 0x1000000 && entry < 0x1p41)) continue;
    const uint64_t whole = (uint64_t)entry;
    const uint32_t slot = (uint32_t)(whole >> 24) - 1;
    if (slot >= queue->capacity) continue;
    const size_t offset = slot_of(queue, place, slot);
    *word = load(queue, offset);
    if (*word != word_of(READY, 0, whole & GENERATIONS)) continue;
    if (load(queue, producer_place(place) + TAIL) - *position - 1 >= queue->capacity) return 0;
    return offset;
  }
  return 0;
}

static bool took(struct consumer* consumer, size_t slot, uint32_t word, struct delivery* delivery) {
  struct queue* queue = consumer->queue;
  const uint32_t taken = word_of(TAKEN, consumer->place, (generation_of(word) + 1) & GENERATIONS);
  if (!change(queue, slot, word, taken)) return false;
  set_plain(queue, slot + PID, (uint32_t)getpid());
  delivery->slot = slot;
  delivery->taken = taken;
  delivery->length = plain(queue, slot + LENGTH);
  if (delivery->length > queue->message_length) corrupt("a length");
  delivery->message = queue->bytes + slot + PAYLOAD;
  delivery->count = (generation_of(taken) - plain(queue, slot + BASE)) & GENERATIONS;
  return true;
}

static bool take_new(struct consumer* consumer, struct delivery* delivery) {
  struct queue* queue = consumer->queue;
  for (uint32_t place = 0; place < queue->producers; place++) {
    if (!has_bit(queue, USED, place)) continue;
    uint32_t word;
    for (size_t slot; (slot = find_new(consumer, place, &word)) != 0;) {
      const uint32_t position = consumer->positions[place]++;
      if (!took(consumer, slot, word, delivery)) continue;
      set_plain(queue, producer_place(place) + HINT, position + 1);
      return true;
    }
  }
  return false;
}

static bool is_news(const struct consumer* consumer) {
  return !consumer->scanned || load(consumer->queue, RETURNS) != consumer->seen ||
         (consumer->due > 0 && now_ms() >= consumer->due);
}

static bool take_returned(struct consumer* consumer, struct delivery* delivery) {
  struct queue* queue = consumer->queue;
  consumer->scanned = false;
  consumer->due = 0;
  const uint32_t returns = load(queue, RETURNS);
  const double time = now_ms();
  double due = 0;
  for (uint32_t place = 0; place < queue->producers; place++) {
    if (!has_bit(queue, USED, place)) continue;
    for (uint32_t index = 0; index < queue->capacity; index++) {
      const size_t slot = slot_of(queue, place, index);
      const uint32_t word = load(queue, slot);
      if (kind_of(word) != RETURNED) continue;
      double not_before;
      memcpy(&not_before, queue->bytes + note_of(queue, slot) + 8, sizeof not_before);
      if (plain(queue, note_of(queue, slot)) == generation_of(word) && not_before > time) {
        if (due == 0 || not_before < due) due = not_before;
      } else if (took(consumer, slot, word, delivery)) {
        return true;
      }
    }
  }
  consumer->scanned = true;
  consumer->seen = returns;
  consumer->due = due;
  return false;
}

bool consumer_take(struct consumer* consumer, struct delivery* delivery) {
  if (is_news(consumer) && take_returned(consumer, delivery)) return true;
  return take_new(consumer, delivery);
}

static bool has_message(struct consumer* consumer) {
  if (is_news(consumer)) return true;
  uint32_t word;
  for (uint32_t place = 0; place < consumer->queue->producers; place++) {
    if (has_bit(consumer->queue, USED, place) && find_new(consumer, place, &word) != 0) return true;
  }
  return false;
}

void consumer_wait(struct consumer* consumer) {
  struct queue* queue = consumer->queue;
  lie_down(queue);
  unsigned leases[96];
  size_t count = 0;
  bool died = false;
  for (uint32_t index = 0; index < queue->consumers && !has_message(consumer); index++) {
    if (index == consumer->place || !has_bit(queue, LIVE, index)) continue;
    if (lease_is_held(queue->memory, index)) {
      leases[count++] = index;
    } else {
      recover(queue, index);
      died = true;
    }
  }
  for (uint32_t index = 0; index < queue->producers; index++) {
    if (load(queue, producer_place(index) + STATE) != STATE_OPEN) continue;
    if (lease_is_held(queue->memory, FIRST_PRODUCER + index)) leases[count++] = FIRST_PRODUCER + index;
  }
  /* This peer has no timer: while a message is delayed, it looks again and again. */
  if (!died && !has_message(consumer)) {
    if (consumer->due > 0) {
      sleep_ms(1);
    } else {
      bell_wait(queue->memory, queue->bell, leases, count);
    }
  }
  get_up(queue);
}

bool consumer_acknowledge(struct consumer* consumer, const struct delivery* delivery) {
  struct queue* queue = consumer->queue;
  if (!change(queue, delivery->slot, delivery->taken, word_of(FREE, 0, generation_of(delivery->taken)))) return false;
  ring_if_asleep(queue, FIRST_PRODUCER + owner_of(queue, delivery->slot));
  return true;
}

static bool give_back(struct queue* queue, const struct delivery* delivery, double not_before, const char* reason,
                      uint32_t base) {
  const uint32_t taken = delivery->taken;
  const uint32_t generation = generation_of(taken);
  const size_t slot = delivery->slot;
  if (!change(queue, slot, taken, word_of(RETURNING, consumer_of(taken), generation))) return false;
  const size_t note = note_of(queue, slot);
  const uint32_t length = (uint32_t)strnlen(reason, 112);
  set_plain(queue, note + 4, length);
  memcpy(queue->bytes + note + 8, &not_before, sizeof not_before);
  memcpy(queue->bytes + note + 16, reason, length);
  set_plain(queue, note, generation);
  set_plain(queue, slot + BASE, base);
  const enum kind kind = kind_after(queue, slot, taken);
  store(queue, slot, word_of(kind, 0, generation));
  atomic_fetch_add(word_at(queue, RETURNS), 1);
  ring_consumers(queue);
  if (kind == DEAD) ring_if_asleep(queue, FIRST_PRODUCER + owner_of(queue, slot));
  return true;
}

bool consumer_retry(struct consumer* consumer, const struct delivery* delivery, double delay_ms, const char* reason) {
  const uint32_t base = plain(consumer->queue, delivery->slot + BASE);
  return give_back(consumer->queue, delivery, delay_ms > 0 ? now_ms() + delay_ms : 0, reason, base);
}

bool consumer_reject(struct consumer* consumer, const struct delivery* delivery, const char* reason) {
  const uint32_t base = plain(consumer->queue, delivery->slot + BASE);
  return give_back(consumer->queue, delivery, 0, reason, base | REJECTED);
}

void consumer_leave(struct consumer* consumer) {
  struct queue* queue = consumer->queue;
  leave_consumers(queue, consumer->place);
  ring_consumers(queue);
  ring_producers(queue);
}
