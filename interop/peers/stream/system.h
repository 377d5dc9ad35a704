/* The system functions of the peers: named memory, leases and bells, as docs/wire-format.md describes them. If a call
   fails because a right or memory is missing, the program ends with a message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

/* Opens the memory behind an object's name ("/X" on Linux, "Local\X" on Windows) and maps all of it. Returns NULL if
   there is none. */
struct memory* memory_open(const char* object, bool writable);

/* Creates zeroed memory that no other process takes for a stream yet, because it has no magic word. */
struct memory* memory_create(const char* object, size_t length);

/* Publishes the memory under its name. Returns false if the name is taken. */
bool memory_publish(struct memory* memory);

void memory_close(struct memory* memory);
unsigned char* memory_bytes(const struct memory* memory);
size_t memory_length(const struct memory* memory);

struct lease;

/* Returns NULL if another process holds the lease. */
struct lease* lease_claim(struct memory* memory, unsigned number);
void lease_release(struct lease* lease);
bool lease_is_held(const struct memory* memory, unsigned number);

struct bell;

struct bell* bell_open(struct memory* memory, unsigned number);
void bell_ring(struct bell* bell);

/* Waits until the bell rings or one of these leases ends. Returns false at once if one of the leases is not held. */
bool bell_wait(struct memory* memory, struct bell* bell, const unsigned* leases, size_t count);

void bell_close(struct bell* bell);

/* Orders this thread against producers that publish without a fence. Returns false if the system has no such barrier.
 */
bool memory_barrier(void);

uint64_t random_number(void);
void sleep_ms(unsigned ms);
_Noreturn void fail(const char* what);
