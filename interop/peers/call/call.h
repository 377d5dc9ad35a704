/* The wire format of docs/wire-format-call.md: calls, their clients and their servers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../slots/slots.h"

/* Kinds of a slot, beside those of slots.h. */
enum { ANSWERED = 3, PART = 5, ABANDONED = 6, DIED = 7 };

enum status { DONE, FAILED, EXPIRED, LATE };

struct calls {
  struct slots slots;
  uint32_t request_length;
  uint32_t answer_length;
  size_t request_offset;
  uint32_t idempotent; /* bit i for procedure i */
};

/* Opens the channel in the object of this name. Returns false if there is no object. Ends the program if the object is
   no channel of calls, or has another API.

   idempotent: bit i is set if procedure i of the API is idempotent */
bool calls_open(struct calls* calls, const char* object, const char* descriptor, uint32_t idempotent);

/* Creates a channel. Returns false if the name is taken. */
bool calls_create(struct calls* calls, const char* object, const char* descriptor, uint32_t idempotent,
                  uint32_t capacity, uint32_t request_length, uint32_t answer_length);

void calls_close(struct calls* calls);

/* A part of a streamed answer, or the only answer. Ends the program if the area does not hold what its header says.

   offset: where the part begins in the answer area; is moved behind the part
   Returns NULL behind the last part. */
const void* next_part(const struct calls* calls, size_t slot, uint32_t* offset, uint32_t* length);

/* The only answer, or an error. Ends the program as next_part. */
const void* answer_in(const struct calls* calls, size_t slot, uint32_t* length);

enum status calls_status(const struct calls* calls, size_t slot);

/* ---- clients ---- */

struct client {
  struct calls* calls;
  uint32_t place;
  uint32_t tail;
  uint32_t next; /* the slot to try first */
};

/* Ends the program if all places are taken. */
void client_connect(struct client* client, struct calls* calls);

/* Returns the slot of the call, an offset; 0 if no slot is free. deadline: on the clock of now_ms; 0 for never */
size_t client_send(struct client* client, uint32_t procedure, const void* request, uint32_t length, double deadline);

uint32_t client_look(const struct client* client, size_t slot);

/* Waits until one of these slots is answered, died, or holds parts, or until the deadline. May return early. */
void client_wait(struct client* client, const size_t* slots, size_t count, double deadline);

/* Ends a call that is answered or has died. */
void client_free(struct client* client, size_t slot);

/* Lets the server send more parts. Returns false if the server has died. */
bool client_hand_back(struct client* client, size_t slot);

enum given_up { NOT_TAKEN, MAYBE_RUN, HAS_ENDED };

/* After HAS_ENDED the slot is answered or has died: look at it, and free it. */
enum given_up client_give_up(struct client* client, size_t slot);

/* The caller has given up or freed all calls. */
void client_close(struct client* client);

/* ---- servers ---- */

struct request {
  size_t slot;    /* an offset */
  uint32_t taken; /* the slot's word */
  uint32_t procedure;
  const void* bytes;
  uint32_t length;
};

struct server {
  struct calls* calls;
  uint32_t place;
  bool scanned; /* `seen` is what `returns` was at a complete scan */
  uint32_t seen;
  uint32_t positions[64];
};

/* Ends the program if all places are taken. */
void server_join(struct server* server, struct calls* calls);

/* Takes a call whose deadline has not passed. Returns false if there is none now. */
bool server_take(struct server* server, struct request* request);

/* Waits for a call, or, if `held` is not NULL, until its word is not `word`. Also returns after the death of a peer. */
void server_wait(struct server* server, const struct request* held, uint32_t word);

/* The only answer, an error, or, with length 0, the end of a stream. Returns false if the client has given up the call.
 */
bool server_answer(struct server* server, const struct request* request, enum status status, const void* answer,
                   uint32_t length);

/* Sends parts of equal length that lie one behind the other, and waits until the client has taken them. Returns false
   if the client has given up the call. */
bool server_send_parts(struct server* server, const struct request* request, const void* parts, uint32_t length,
                       uint32_t count);

/* The caller has answered all calls that it has taken. */
void server_leave(struct server* server);
