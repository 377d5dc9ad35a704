#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stream/format.h"

enum {
  SHAPE = 4,
  CLIENT_PID = 12, /* in a client's place */
  /* slot */
  PROCEDURE = 4,
  DEADLINE = 16,
  ANSWER_LENGTH = 24,
  STATUS = 28,
  ANSWER = 32,
  PART_HEADER = 8,
};

/* ---- channels ---- */

static size_t slot_length(struct calls* calls) {
  calls->request_offset = round_up((size_t)ANSWER + calls->answer_length, 64);
  return round_up(calls->request_offset + calls->request_length, 64);
}

bool calls_open(struct calls* calls, const char* object, const char* descriptor, uint32_t idempotent) {
  struct slots* slots = &calls->slots;
  if (!slots_open(slots, object, SHAPE)) return false;
  calls->idempotent = idempotent;
  slots->capacity = plain(slots, 36);
  calls->request_length = plain(slots, 40);
  calls->answer_length = plain(slots, 44);
  slots->producers = plain(slots, 48) & 0xffff;
  slots->consumers = plain(slots, 48) >> 16;
  const uint32_t most = 1u << 30;
  if (calls->request_length < 1 || calls->request_length > most || calls->answer_length < 224 ||
      calls->answer_length > most || plain(slots, 52) != 0) {
    corrupt("a number of the header");
  }
  slots_check(slots, descriptor, slot_length(calls));
  return true;
}

bool calls_create(struct calls* calls, const char* object, const char* descriptor, uint32_t idempotent,
                  uint32_t capacity, uint32_t request_length, uint32_t answer_length) {
  *calls = (struct calls){.request_length = request_length, .answer_length = answer_length, .idempotent = idempotent};
  calls->slots.capacity = capacity;
  calls->slots.producers = 4;
  calls->slots.consumers = 4;
  header_words words = {capacity, request_length, answer_length, 4 | 4 << 16, 0};
  return slots_create(&calls->slots, object, descriptor, slot_length(calls), SHAPE, words);
}

void calls_close(struct calls* calls) { slots_close(&calls->slots); }

static size_t done_bits(const struct slots* slots, uint32_t client) { return notes_of(slots, client); }

/* Tells the client of a slot to look at it. */
static void announce(struct slots* slots, size_t slot) {
  const uint32_t client = owner_of(slots, slot);
  set_bit(slots, done_bits(slots, client), slot_number_of(slots, slot));
  ring_if_asleep(slots, FIRST_PRODUCER + client);
}

enum status calls_status(const struct calls* calls, size_t slot) {
  const uint32_t status = plain(&calls->slots, slot + STATUS);
  if (status > LATE) corrupt("an unknown status");
  return (enum status)status;
}

const void* answer_in(const struct calls* calls, size_t slot, uint32_t* length) {
  *length = plain(&calls->slots, slot + ANSWER_LENGTH);
  if (*length > calls->answer_length) corrupt("an answer is too long");
  return calls->slots.bytes + slot + ANSWER;
}

const void* next_part(const struct calls* calls, size_t slot, uint32_t* offset, uint32_t* length) {
  uint32_t whole;
  const unsigned char* parts = answer_in(calls, slot, &whole);
  if (*offset >= whole) return NULL;
  if (whole - *offset < PART_HEADER) corrupt("a part has no header");
  const unsigned char* part = parts + *offset;
  memcpy(length, part, sizeof *length);
  if (*length > whole - *offset - PART_HEADER) corrupt("a part is longer than the answer");
  *offset += PART_HEADER + (uint32_t)round_up(*length, 8);
  return part + PART_HEADER;
}

/* ---- giving up, and dead peers ---- */

static uint32_t free_in_next(uint32_t word) { return word_of(FREE, 0, generation_of(word) + 1); }

static bool is_dead(const struct slots* slots, uint32_t client) {
  return !lease_is_held(slots->memory, FIRST_PRODUCER + client);
}

/* Gives up a call, and rings the server that has it. Returns the word before: its kind tells what has happened.

   ask: true if the caller does not hold the client's lease: does nothing while the client lives */
static uint32_t give_up(struct slots* slots, size_t slot, bool ask) {
  for (;;) {
    const uint32_t word = load(slots, slot);
    const uint32_t kind = kind_of(word);
    if (ask && kind != FREE && !is_dead(slots, owner_of(slots, slot))) return word_of(FREE, 0, 0);
    if (kind == READY || kind == RETURNED) {
      if (change(slots, slot, word, free_in_next(word))) return word;
    } else if (kind == TAKEN || kind == PART) {
      if (!change(slots, slot, word, word_of(ABANDONED, consumer_of(word), generation_of(word)))) continue;
      ring_if_asleep(slots, consumer_of(word));
      return word;
    } else {
      return word;
    }
  }
}

/* ask: true if the caller does not hold the client's lease */
static void clean_up_after_client(struct slots* slots, uint32_t client, bool ask) {
  for (uint32_t index = 0; index < slots->capacity; index++) {
    const size_t slot = slot_of(slots, client, index);
    const uint32_t word = give_up(slots, slot, ask);
    if (kind_of(word) == ANSWERED || kind_of(word) == DIED) change(slots, slot, word, free_in_next(word));
  }
}

/* The caller holds the client's lease. */
static void clear_done_bits(struct slots* slots, uint32_t client) {
  for (uint32_t index = 0; index < slots->capacity; index += 32) {
    store(slots, done_bits(slots, client) + index / 8, 0);
  }
}

/* Takes a call away from a dead server. Returns false if the server does not have it any more. */
static bool take_away(const struct calls* calls, size_t slot, uint32_t seen) {
  const struct slots* slots = &calls->slots;
  for (uint32_t word = seen;; word = load(slots, slot)) {
    const uint32_t kind = kind_of(word);
    if (consumer_of(word) != consumer_of(seen) || generation_of(word) != generation_of(seen)) return false;
    if (kind == ANSWERED) return true;
    if (kind != TAKEN && kind != PART && kind != ABANDONED) return false;
    const uint32_t procedure = plain(slots, slot + PROCEDURE);
    const bool again = procedure < 32 && (calls->idempotent >> procedure & 1) != 0;
    const uint32_t next = kind == ABANDONED ? FREE : again ? RETURNED : DIED;
    if (change(slots, slot, word, word_of(next, 0, generation_of(word)))) return true;
  }
}

static void take_away_from(struct calls* calls, uint32_t server, bool ask) {
  struct slots* slots = &calls->slots;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    for (uint32_t index = 0; index < slots->capacity; index++) {
      const size_t slot = slot_of(slots, place, index);
      const uint32_t word = load(slots, slot);
      const uint32_t kind = kind_of(word);
      const bool names = kind == TAKEN || kind == PART || kind == ABANDONED || kind == ANSWERED;
      if (!names || consumer_of(word) != server || (ask && lease_is_held(slots->memory, server))) continue;
      if (take_away(calls, slot, word)) set_bit(slots, done_bits(slots, place), index);
    }
  }
  count_up(slots, RETURNS);
  ring_consumers(slots);
  ring_producers(slots);
}

static void recover(struct calls* calls, uint32_t server) {
  take_away_from(calls, server, true);
  struct lease* lease = lease_claim(calls->slots.memory, server);
  if (lease == NULL) return;
  take_away_from(calls, server, false);
  leave_consumers(&calls->slots, server);
  lease_release(lease);
}

/* Adds the leases of the live servers, and cleans up after dead ones. Returns true if there was one. */
static bool watch_servers(struct calls* calls, unsigned* leases, size_t* count) {
  struct slots* slots = &calls->slots;
  bool died = false;
  for (uint32_t index = 0; index < slots->consumers; index++) {
    if (index == slots->number || !has_bit(slots, LIVE, index)) continue;
    if (lease_is_held(slots->memory, index)) {
      leases[(*count)++] = index;
    } else {
      recover(calls, index);
      died = true;
    }
  }
  return died;
}

/* As watch_servers, for the clients. */
static bool watch_clients(struct calls* calls, unsigned* leases, size_t* count) {
  struct slots* slots = &calls->slots;
  bool died = false;
  for (uint32_t index = 0; index < slots->producers; index++) {
    const size_t place = producer_place(index);
    const unsigned number = FIRST_PRODUCER + index;
    if (load(slots, place + STATE) != STATE_OPEN) continue;
    if (lease_is_held(slots->memory, number)) {
      leases[(*count)++] = number;
      continue;
    }
    died = true;
    clean_up_after_client(slots, index, true);
    struct lease* lease = lease_claim(slots->memory, number);
    if (lease == NULL) continue;
    clean_up_after_client(slots, index, false);
    clear_done_bits(slots, index);
    store(slots, place + STATE, STATE_CLOSED);
    clear_bit(slots, SLEEPING_PRODUCERS, index);
    lease_release(lease);
  }
  return died;
}

/* ---- clients ---- */

void client_connect(struct client* client, struct calls* calls) {
  struct slots* slots = &calls->slots;
  *client = (struct client){.calls = calls, .place = claim_place(slots, FIRST_PRODUCER, slots->producers)};
  const size_t place = producer_place(client->place);
  clean_up_after_client(slots, client->place, false);
  clear_done_bits(slots, client->place);
  clear_bit(slots, SLEEPING_PRODUCERS, client->place);
  store(slots, place + STATE, STATE_OPEN);
  set_bit(slots, USED, client->place);
  set_plain(slots, place + CLIENT_PID, process_id());
  ring_consumers(slots);
  client->tail = load(slots, place + TAIL);
}

static size_t find_free(struct client* client) {
  const struct slots* slots = &client->calls->slots;
  for (uint32_t tried = 0; tried < slots->capacity; tried++) {
    const size_t slot = slot_of(slots, client->place, client->next);
    if (kind_of(load(slots, slot)) == FREE) return slot;
    client->next = (client->next + 1) % slots->capacity;
  }
  return 0;
}

static void append(struct client* client, double entry) {
  atomic_store_explicit(entry_at(&client->calls->slots, client->place, client->tail), entry, memory_order_relaxed);
  client->tail++;
}

/* Repeats entries of requests that still wait and would leave the part of the ring at which servers look. */
static void repeat_old_entries(struct client* client, uint32_t except) {
  const struct slots* slots = &client->calls->slots;
  for (uint32_t repeated = 0; repeated < slots->capacity; repeated++) {
    const double entry = atomic_load(entry_at(slots, client->place, client->tail - slots->capacity));
    if (!(entry >= 0x1000000 && entry < 0x1p41)) return;
    const uint64_t whole = (uint64_t)entry;
    const uint32_t slot = (uint32_t)(whole >> 24) - 1;
    if (slot >= slots->capacity || slot == except) return;
    if (load(slots, slot_of(slots, client->place, slot)) != word_of(READY, 0, whole & GENERATIONS)) return;
    append(client, entry);
  }
}

size_t client_send(struct client* client, uint32_t procedure, const void* request, uint32_t length, double deadline) {
  struct calls* calls = client->calls;
  struct slots* slots = &calls->slots;
  if (length > calls->request_length) corrupt("a request is too long");
  const size_t slot = find_free(client);
  if (slot == 0) return 0;
  const uint32_t generation = generation_of(load(slots, slot));
  memcpy(slots->bytes + slot + calls->request_offset, request, length);
  memcpy(slots->bytes + slot + DEADLINE, &deadline, sizeof deadline);
  set_plain(slots, slot + PROCEDURE, procedure);
  set_plain(slots, slot + LENGTH, length);
  atomic_store_explicit(word_at(slots, slot), word_of(READY, 0, generation), memory_order_relaxed);
  repeat_old_entries(client, client->next);
  append(client, entry_of(client->next, generation));
  store(slots, producer_place(client->place) + TAIL, client->tail);
  ring_consumers(slots);
  client->next = (client->next + 1) % slots->capacity;
  return slot;
}

uint32_t client_look(const struct client* client, size_t slot) { return kind_of(load(&client->calls->slots, slot)); }

static bool is_news(const struct client* client, const size_t* slots, size_t count) {
  for (size_t index = 0; index < count; index++) {
    const uint32_t kind = client_look(client, slots[index]);
    if (kind == ANSWERED || kind == DIED || kind == PART) return true;
  }
  return false;
}

void client_wait(struct client* client, const size_t* slots, size_t count, double deadline) {
  struct calls* calls = client->calls;
  lie_down(&calls->slots);
  unsigned leases[32];
  size_t watched = 0;
  if (!is_news(client, slots, count) && !watch_servers(calls, leases, &watched) && !is_news(client, slots, count)) {
    /* This peer has no timer: with a deadline, it looks again and again. */
    if (deadline > 0) {
      sleep_ms(1);
    } else {
      bell_wait(calls->slots.memory, calls->slots.bell, leases, watched);
    }
  }
  get_up(&calls->slots);
}

void client_free(struct client* client, size_t slot) {
  const struct slots* slots = &client->calls->slots;
  store(slots, slot, word_of(FREE, 0, generation_of(load(slots, slot))));
}

bool client_hand_back(struct client* client, size_t slot) {
  struct slots* slots = &client->calls->slots;
  const uint32_t word = load(slots, slot);
  const uint32_t back = word_of(TAKEN, consumer_of(word), generation_of(word));
  if (kind_of(word) != PART || !change(slots, slot, word, back)) return false;
  ring_if_asleep(slots, consumer_of(word));
  return true;
}

enum given_up client_give_up(struct client* client, size_t slot) {
  const uint32_t kind = kind_of(give_up(&client->calls->slots, slot, false));
  if (kind == READY) return NOT_TAKEN;
  return kind == ANSWERED || kind == DIED ? HAS_ENDED : MAYBE_RUN;
}

void client_close(struct client* client) {
  struct slots* slots = &client->calls->slots;
  store(slots, producer_place(client->place) + STATE, STATE_CLOSED);
  clear_bit(slots, SLEEPING_PRODUCERS, client->place);
  ring_consumers(slots);
}

/* ---- servers ---- */

void server_join(struct server* server, struct calls* calls) {
  struct slots* slots = &calls->slots;
  *server = (struct server){.calls = calls};
  for (uint32_t index = 0; index < slots->consumers; index++) {
    if (has_bit(slots, LIVE, index) && !lease_is_held(slots->memory, index)) take_away_from(calls, index, true);
  }
  server->place = claim_place(slots, 0, slots->consumers);
  take_away_from(calls, server->place, false);
  clear_bit(slots, SLEEPING_CONSUMERS, server->place);
  set_bit(slots, LIVE, server->place);
  ring_consumers(slots);
  ring_producers(slots);
  for (uint32_t place = 0; place < slots->producers; place++) {
    server->positions[place] = plain(slots, producer_place(place) + HINT);
  }
}

/* Takes the call in a slot whose word is `word`. */
static bool took(struct server* server, size_t slot, uint32_t word, struct request* request) {
  struct calls* calls = server->calls;
  struct slots* slots = &calls->slots;
  const uint32_t taken = word_of(TAKEN, server->place, generation_of(word) + 1);
  if (!change(slots, slot, word, taken)) return false;
  set_plain(slots, slot + PID, process_id());
  *request = (struct request){.slot = slot,
                              .taken = taken,
                              .procedure = plain(slots, slot + PROCEDURE),
                              .bytes = slots->bytes + slot + calls->request_offset,
                              .length = plain(slots, slot + LENGTH)};
  if (request->length > calls->request_length) corrupt("a request is too long");
  return true;
}

static bool take_new(struct server* server, struct request* request) {
  struct slots* slots = &server->calls->slots;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    uint32_t word;
    for (size_t slot; (slot = find_new(slots, place, &server->positions[place], &word)) != 0;) {
      const uint32_t position = server->positions[place]++;
      if (!took(server, slot, word, request)) continue;
      set_plain(slots, producer_place(place) + HINT, position + 1);
      return true;
    }
  }
  return false;
}

static bool may_be_returned(const struct server* server) {
  return !server->scanned || load(&server->calls->slots, RETURNS) != server->seen;
}

static bool take_returned(struct server* server, struct request* request) {
  struct slots* slots = &server->calls->slots;
  server->scanned = false;
  const uint32_t returns = load(slots, RETURNS);
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (!has_bit(slots, USED, place)) continue;
    for (uint32_t index = 0; index < slots->capacity; index++) {
      const size_t slot = slot_of(slots, place, index);
      const uint32_t word = load(slots, slot);
      if (kind_of(word) == RETURNED && took(server, slot, word, request)) return true;
    }
  }
  server->scanned = true;
  server->seen = returns;
  return false;
}

bool server_take(struct server* server, struct request* request) {
  while ((may_be_returned(server) && take_returned(server, request)) || take_new(server, request)) {
    double deadline;
    memcpy(&deadline, server->calls->slots.bytes + request->slot + DEADLINE, sizeof deadline);
    if (!(deadline > 0 && now_ms() >= deadline)) return true;
    server_answer(server, request, EXPIRED, NULL, 0);
  }
  return false;
}

static bool has_call(struct server* server) {
  if (may_be_returned(server)) return true;
  const struct slots* slots = &server->calls->slots;
  uint32_t word;
  for (uint32_t place = 0; place < slots->producers; place++) {
    if (has_bit(slots, USED, place) && find_new(slots, place, &server->positions[place], &word) != 0) return true;
  }
  return false;
}

static bool is_there(struct server* server, const struct request* held, uint32_t word) {
  return held != NULL ? load(&server->calls->slots, held->slot) != word : has_call(server);
}

void server_wait(struct server* server, const struct request* held, uint32_t word) {
  struct calls* calls = server->calls;
  lie_down(&calls->slots);
  unsigned leases[96];
  size_t count = 0;
  if (!is_there(server, held, word)) {
    const bool server_died = watch_servers(calls, leases, &count);
    const bool client_died = watch_clients(calls, leases, &count);
    if (!server_died && !client_died && !is_there(server, held, word)) {
      bell_wait(calls->slots.memory, calls->slots.bell, leases, count);
    }
  }
  get_up(&calls->slots);
}

/* Changes the kind of a taken call. If its client has given it up, frees it. */
static bool leave(struct server* server, const struct request* request, uint32_t kind) {
  struct slots* slots = &server->calls->slots;
  const uint32_t generation = generation_of(request->taken);
  const bool left = change(slots, request->slot, request->taken, word_of(kind, server->place, generation));
  if (!left) change(slots, request->slot, word_of(ABANDONED, server->place, generation), word_of(FREE, 0, generation));
  announce(slots, request->slot);
  return left;
}

bool server_answer(struct server* server, const struct request* request, enum status status, const void* answer,
                   uint32_t length) {
  struct calls* calls = server->calls;
  if (length > calls->answer_length) corrupt("an answer is too long");
  if (length > 0) memcpy(calls->slots.bytes + request->slot + ANSWER, answer, length);
  set_plain(&calls->slots, request->slot + STATUS, status);
  set_plain(&calls->slots, request->slot + ANSWER_LENGTH, length);
  return leave(server, request, ANSWERED);
}

static bool hand_over(struct server* server, const struct request* request, uint32_t length) {
  struct slots* slots = &server->calls->slots;
  set_plain(slots, request->slot + ANSWER_LENGTH, length);
  if (!leave(server, request, PART)) return false;
  const uint32_t part = word_of(PART, server->place, generation_of(request->taken));
  while (load(slots, request->slot) == part) server_wait(server, request, part);
  if (load(slots, request->slot) == request->taken) return true;
  change(slots, request->slot, word_of(ABANDONED, server->place, generation_of(request->taken)),
         word_of(FREE, 0, generation_of(request->taken)));
  announce(slots, request->slot);
  return false;
}

bool server_send_parts(struct server* server, const struct request* request, const void* parts, uint32_t length,
                       uint32_t count) {
  const struct calls* calls = server->calls;
  unsigned char* area = calls->slots.bytes + request->slot + ANSWER;
  const uint32_t whole = PART_HEADER + (uint32_t)round_up(length, 8);
  const uint32_t header[2] = {length, 0};
  if (whole > calls->answer_length) corrupt("a part is too long");
  uint32_t used = 0;
  for (uint32_t index = 0; index < count; index++) {
    if (used + whole > calls->answer_length) {
      if (!hand_over(server, request, used)) return false;
      used = 0;
    }
    memcpy(area + used, header, sizeof header);
    memcpy(area + used + PART_HEADER, (const unsigned char*)parts + (size_t)index * length, length);
    used += whole;
  }
  return used == 0 || hand_over(server, request, used);
}

void server_leave(struct server* server) {
  struct slots* slots = &server->calls->slots;
  leave_consumers(slots, server->place);
  ring_consumers(slots);
  ring_producers(slots);
}
