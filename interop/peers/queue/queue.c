#include "queue.h"

#include <string.h>

#include "../stream/format.h"

enum {
  SHAPE = 3,
  /* slot */
  BASE = 4,
  SENT_AT = 16,
  PAYLOAD = 24,
  /* kinds beside those of slots.h */
  RETURNING = 3,
  DEAD = 5,
};

#define REJECTED UINT32_C(0x80000000)

static size_t note_of(const struct slots* slots, size_t slot) {
  return notes_of(slots, owner_of(slots, slot)) + (size_t)slot_number_of(slots, slot) * NOTE_LENGTH;
}

/* ---- queues ---- */

static size_t slot_length(const struct queue* queue) { return round_up((size_t)PAYLOAD + queue->message_length, 64); }

bool queue_open(struct queue* queue, const char* object, const char* descriptor) {
  struct slots* slots = &queue->slots;
  if (!slots_open(slots, object, SHAPE)) return false;
  slots->capacity = plain(slots, 36);
  queue->message_length = plain(slots, 40);
  queue->deliveries = plain(slots, 48) & 0xffff;
  slots->producers = plain(slots, 52) & 0xffff;
  slots->consumers = plain(slots, 52) >> 16;
  if (queue->message_length < 1 || queue->message_length > INT32_MAX || queue->deliveries < 1 ||
      plain(slots, 44) != 0) {
    corrupt("a number of the header (this peer knows no maxProcessingMs)");
  }
  slots_check(slots, descriptor, slot_length(queue));
  return true;
}

bool queue_create(struct queue* queue, const char* object, const char* descriptor, uint32_t capacity,
                  uint32_t message_length, uint32_t deliveries) {
  *queue = (struct queue){.message_length = message_length, .deliveries = deliveries};
  queue->slots.capacity = capacity;
  queue->slots.producers = 2;
  queue->slots.consumers = 4;
  header_words words = {capacity, message_length, 0, deliveries | (capacity / 4) << 16, 2 | 4 << 16};
  return slots_create(&queue->slots, object, descriptor, slot_length(queue), SHAPE, words);
}

void queue_close(struct queue* queue) { slots_close(&queue->slots); }

/* ---- producers ---- */

void producer_join(struct producer* producer, struct queue* queue) {
  struct slots* slots = &queue->slots;
  *producer = (struct producer){.queue = queue, .place = claim_place(slots, FIRST_PRODUCER, slots->producers)};
  const size_t place = producer_place(producer->place);
  clear_bit(slots, SLEEPING_PRODUCERS, producer->place);
  store(slots, place + STATE, STATE_OPEN);
  set_bit(slots, USED, producer->place);
  ring_consumers(slots);
  producer->tail = load(slots, place + TAIL);
  for (uint32_t slot = 0; slot < slots->capacity; slot++) {
    const size_t offset = slot_of(slots, producer->place, slot);
    const uint32_t word = load(slots, offset);
    if (kind_of(word) != READY) continue;
    const double wanted = entry_of(slot, generation_of(word));
    bool named = false;
    for (uint32_t back = 1; back <= slots->capacity; back++) {
      if (atomic_load(entry_at(slots, producer->place, producer->tail - back)) == wanted) named = true;
    }
    if (!named) store(slots, offset, word_of(FREE, 0, generation_of(word)));
  }
}

static uint32_t kind_in(const struct producer* producer, uint32_t slot) {
  const struct slots* slots = &producer->queue->slots;
  return kind_of(load(slots, slot_of(slots, producer->place, slot)));
}

static bool find_free(struct producer* producer) {
  const uint32_t capacity = producer->queue->slots.capacity;
  for (uint32_t tried = 0; tried < capacity; tried++) {
    if (kind_in(producer, producer->next) == FREE) return true;
    producer->next = (producer->next + 1) % capacity;
  }
  return false;
}

uint32_t producer_send(struct producer* producer, const void* messages, uint32_t length, uint32_t count) {
  struct slots* slots = &producer->queue->slots;
  uint32_t sent = 0;
  for (; sent < count && find_free(producer); sent++) {
    const size_t slot = slot_of(slots, producer->place, producer->next);
    const uint32_t generation = generation_of(load(slots, slot));
    const double time = now_ms();
    memcpy(slots->bytes + slot + PAYLOAD, (const unsigned char*)messages + (size_t)sent * length, length);
    memcpy(slots->bytes + slot + SENT_AT, &time, sizeof time);
    set_plain(slots, slot + LENGTH, length);
    set_plain(slots, slot + BASE, generation);
    atomic_store_explicit(word_at(slots, slot), word_of(READY, 0, generation), memory_order_relaxed);
    atomic_store_explicit(entry_at(slots, producer->place, producer->tail + sent), entry_of(producer->next, generation),
                          memory_order_relaxed);
    producer->next = (producer->next + 1) % slots->capacity;
  }
  if (sent == 0) return 0;
  producer->tail += sent;
  store(slots, producer_place(producer->place) + TAIL, producer->tail);
  ring_consumers(slots);
  return sent;
}

static bool is_settled(const struct producer* producer) {
  for (uint32_t slot = 0; slot < producer->queue->slots.capacity; slot++) {
    const uint32_t kind = kind_in(producer, slot);
    if (kind != FREE && kind != DEAD) return false;
  }
  return true;
}

void producer_wait(struct producer* producer, bool all) {
  struct slots* slots = &producer->queue->slots;
  while (!(all ? is_settled(producer) : find_free(producer))) {
    lie_down(slots);
    if (!(all ? is_settled(producer) : find_free(producer))) {
      unsigned leases[32];
      size_t count = 0;
      for (uint32_t index = 0; index < slots->consumers; index++) {
        if (has_bit(slots, LIVE, index) && lease_is_held(slots->memory, index)) leases[count++] = index;
      }
      if (!(all ? is_settled(producer) : find_free(producer))) bell_wait(slots->memory, slots->bell, leases, count);
    }
    get_up(slots);
  }
}

void producer_leave(struct producer* producer) {
  struct slots* slots = &producer->queue->slots;
  store(slots, producer_place(producer->place) + STATE, STATE_CLOSED);
  clear_bit(slots, SLEEPING_PRODUCERS, producer->place);
  ring_consumers(slots);
}

/* ---- giving back ---- */

static uint32_t kind_after(const struct queue* queue, size_t slot, uint32_t word) {
  const uint32_t base = plain(&queue->slots, slot + BASE);
  const uint32_t count = (generation_of(word) - base) & GENERATIONS;
  return (base & REJECTED) != 0 || count >= queue->deliveries ? DEAD : RETURNED;
}

static void give_back_of(struct queue* queue, uint32_t consumer, bool ask) {
  struct slots* slots = &queue->slots;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    for (uint32_t index = 0; index < slots->capacity; index++) {
      const size_t slot = slot_of(slots, place, index);
      const uint32_t word = load(slots, slot);
      const bool held = kind_of(word) == TAKEN || kind_of(word) == RETURNING;
      if (!held || consumer_of(word) != consumer || (ask && lease_is_held(slots->memory, consumer))) continue;
      change(slots, slot, word, word_of(kind_after(queue, slot, word), 0, generation_of(word)));
    }
  }
  count_up(slots, RETURNS);
  ring_producers(slots);
}

static void recover(struct queue* queue, uint32_t consumer) {
  give_back_of(queue, consumer, true);
  struct lease* lease = lease_claim(queue->slots.memory, consumer);
  if (lease == NULL) return;
  give_back_of(queue, consumer, false);
  leave_consumers(&queue->slots, consumer);
  lease_release(lease);
}

/* ---- consumers ---- */

void consumer_join(struct consumer* consumer, struct queue* queue) {
  struct slots* slots = &queue->slots;
  *consumer = (struct consumer){.queue = queue};
  for (uint32_t index = 0; index < slots->consumers; index++) {
    if (has_bit(slots, LIVE, index) && !lease_is_held(slots->memory, index)) give_back_of(queue, index, true);
  }
  consumer->place = claim_place(slots, 0, slots->consumers);
  give_back_of(queue, consumer->place, false);
  clear_bit(slots, SLEEPING_CONSUMERS, consumer->place);
  set_bit(slots, LIVE, consumer->place);
  ring_consumers(slots);
  ring_producers(slots);
  for (uint32_t place = 0; place < slots->producers; place++) {
    consumer->positions[place] = plain(slots, producer_place(place) + HINT);
  }
}

static bool took(struct consumer* consumer, size_t slot, uint32_t word, struct delivery* delivery) {
  struct slots* slots = &consumer->queue->slots;
  const uint32_t taken = word_of(TAKEN, consumer->place, generation_of(word) + 1);
  if (!change(slots, slot, word, taken)) return false;
  set_plain(slots, slot + PID, process_id());
  delivery->slot = slot;
  delivery->taken = taken;
  delivery->length = plain(slots, slot + LENGTH);
  if (delivery->length > consumer->queue->message_length) corrupt("a length");
  delivery->message = slots->bytes + slot + PAYLOAD;
  delivery->count = (generation_of(taken) - plain(slots, slot + BASE)) & GENERATIONS;
  return true;
}

static bool take_new(struct consumer* consumer, struct delivery* delivery) {
  struct slots* slots = &consumer->queue->slots;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    uint32_t word;
    for (size_t slot; (slot = find_new(slots, place, &consumer->positions[place], &word)) != 0;) {
      const uint32_t position = consumer->positions[place]++;
      if (!took(consumer, slot, word, delivery)) continue;
      set_plain(slots, producer_place(place) + HINT, position + 1);
      return true;
    }
  }
  return false;
}

static bool is_news(const struct consumer* consumer) {
  return !consumer->scanned || load(&consumer->queue->slots, RETURNS) != consumer->seen ||
         (consumer->due > 0 && now_ms() >= consumer->due);
}

static bool take_returned(struct consumer* consumer, struct delivery* delivery) {
  struct slots* slots = &consumer->queue->slots;
  consumer->scanned = false;
  consumer->due = 0;
  const uint32_t returns = load(slots, RETURNS);
  const double time = now_ms();
  double due = 0;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    for (uint32_t index = 0; index < slots->capacity; index++) {
      const size_t slot = slot_of(slots, place, index);
      const uint32_t word = load(slots, slot);
      if (kind_of(word) != RETURNED) continue;
      double not_before;
      memcpy(&not_before, slots->bytes + note_of(slots, slot) + 8, sizeof not_before);
      if (plain(slots, note_of(slots, slot)) == generation_of(word) && not_before > time) {
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
  const struct slots* slots = &consumer->queue->slots;
  uint32_t word;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (has_bit(slots, USED, place) && find_new(slots, place, &consumer->positions[place], &word) != 0) return true;
  }
  return false;
}

void consumer_wait(struct consumer* consumer) {
  struct slots* slots = &consumer->queue->slots;
  lie_down(slots);
  unsigned leases[96];
  size_t count = 0;
  bool died = false;
  for (uint32_t index = 0; index < slots->consumers && !has_message(consumer); index++) {
    if (index == consumer->place || !has_bit(slots, LIVE, index)) continue;
    if (lease_is_held(slots->memory, index)) {
      leases[count++] = index;
    } else {
      recover(consumer->queue, index);
      died = true;
    }
  }
  for (uint32_t index = 0; index < slots->producers; index++) {
    if (load(slots, producer_place(index) + STATE) != STATE_OPEN) continue;
    if (lease_is_held(slots->memory, FIRST_PRODUCER + index)) leases[count++] = FIRST_PRODUCER + index;
  }
  /* This peer has no timer: while a message is delayed, it looks again and again. */
  if (!died && !has_message(consumer)) {
    if (consumer->due > 0) {
      sleep_ms(1);
    } else {
      bell_wait(slots->memory, slots->bell, leases, count);
    }
  }
  get_up(slots);
}

bool consumer_acknowledge(struct consumer* consumer, const struct delivery* delivery) {
  struct slots* slots = &consumer->queue->slots;
  if (!change(slots, delivery->slot, delivery->taken, word_of(FREE, 0, generation_of(delivery->taken)))) return false;
  ring_if_asleep(slots, FIRST_PRODUCER + owner_of(slots, delivery->slot));
  return true;
}

static bool give_back(struct queue* queue, const struct delivery* delivery, double not_before, const char* reason,
                      uint32_t base) {
  struct slots* slots = &queue->slots;
  const uint32_t taken = delivery->taken;
  const uint32_t generation = generation_of(taken);
  const size_t slot = delivery->slot;
  if (!change(slots, slot, taken, word_of(RETURNING, consumer_of(taken), generation))) return false;
  const size_t note = note_of(slots, slot);
  const uint32_t length = (uint32_t)strnlen(reason, 112);
  set_plain(slots, note + 4, length);
  memcpy(slots->bytes + note + 8, &not_before, sizeof not_before);
  memcpy(slots->bytes + note + 16, reason, length);
  set_plain(slots, note, generation);
  set_plain(slots, slot + BASE, base);
  const uint32_t kind = kind_after(queue, slot, taken);
  store(slots, slot, word_of(kind, 0, generation));
  count_up(slots, RETURNS);
  ring_consumers(slots);
  if (kind == DEAD) ring_if_asleep(slots, FIRST_PRODUCER + owner_of(slots, slot));
  return true;
}

bool consumer_retry(struct consumer* consumer, const struct delivery* delivery, double delay_ms, const char* reason) {
  const uint32_t base = plain(&consumer->queue->slots, delivery->slot + BASE);
  return give_back(consumer->queue, delivery, delay_ms > 0 ? now_ms() + delay_ms : 0, reason, base);
}

bool consumer_reject(struct consumer* consumer, const struct delivery* delivery, const char* reason) {
  const uint32_t base = plain(&consumer->queue->slots, delivery->slot + BASE);
  return give_back(consumer->queue, delivery, 0, reason, base | REJECTED);
}

void consumer_leave(struct consumer* consumer) {
  struct slots* slots = &consumer->queue->slots;
  leave_consumers(slots, consumer->place);
  ring_consumers(slots);
  ring_producers(slots);
}
