/* The wire format of docs/wire-format-queue.md: queues, their producers and their consumers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../slots/slots.h"

struct queue {
  struct slots slots;
  uint32_t message_length;
  uint32_t deliveries;
};

/* Opens the queue in the object of this name. Returns false if there is no object. Ends the program if the object is no
   queue, or has another schema. */
bool queue_open(struct queue* queue, const char* object, const char* descriptor);

/* Creates a queue. Returns false if the name is taken. */
bool queue_create(struct queue* queue, const char* object, const char* descriptor, uint32_t capacity,
                  uint32_t message_length, uint32_t deliveries);

void queue_close(struct queue* queue);

struct producer {
  struct queue* queue;
  uint32_t place;
  uint32_t tail;
  uint32_t next; /* the slot to try first */
};

/* Ends the program if all places are taken. */
void producer_join(struct producer* producer, struct queue* queue);

/* Sends messages that lie one behind the other, and publishes them together. Returns how many found a slot. */
uint32_t producer_send(struct producer* producer, const void* messages, uint32_t length, uint32_t count);

/* Waits until a slot is free, or, if `all`, until every message is settled. */
void producer_wait(struct producer* producer, bool all);
void producer_leave(struct producer* producer);

struct delivery {
  size_t slot;    /* an offset */
  uint32_t taken; /* the slot's word */
  const void* message;
  uint32_t length;
  uint32_t count;
};

struct consumer {
  struct queue* queue;
  uint32_t place;
  bool scanned; /* `seen` is what `returns` was at a complete scan */
  uint32_t seen;
  double due;
  uint32_t positions[64];
};

/* Ends the program if all places are taken. */
void consumer_join(struct consumer* consumer, struct queue* queue);

/* Takes a message. Returns false if there is none now. */
bool consumer_take(struct consumer* consumer, struct delivery* delivery);

/* Waits for a message, or for the death of a peer. */
void consumer_wait(struct consumer* consumer);

/* Each returns false if the message was taken away. */
bool consumer_acknowledge(struct consumer* consumer, const struct delivery* delivery);
bool consumer_retry(struct consumer* consumer, const struct delivery* delivery, double delay_ms, const char* reason);
bool consumer_reject(struct consumer* consumer, const struct delivery* delivery, const char* reason);
void consumer_leave(struct consumer* consumer);
