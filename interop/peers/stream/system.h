/* What the peers need of the system: named memory, leases and bells, as docs/wire-format.md describes them. Whatever
   fails for want of a right or of memory ends the program with a message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

/* Opens the memory behind an object's name ("/X" on Linux, "Local\X" on Windows) and maps all of it; NULL when there is
   none. */
struct memory* memory_open(const char* object, bool writable);

/* Makes memory of zeros that nobody sees yet, at least not by its magic word. */
struct memory* memory_create(const char* object, size_t length);

/* Lets others see it. False when the name is taken. */
bool memory_publish(struct memory* memory);

void memory_close(struct memory* memory);
unsigned char* memory_bytes(const struct memory* memory);
size_t memory_length(const struct memory* memory);

struct lease;

/* NULL when somebody has it. */
struct lease* lease_claim(struct memory* memory, unsigned number);
void lease_release(struct lease* lease);
bool lease_is_held(const struct memory* memory, unsigned number);

struct bell;

struct bell* bell_open(struct memory* memory, unsigned number);
void bell_ring(struct bell* bell);

/* Waits until it rings or one of these leases ends. False at once when one of them is not held. */
bool bell_wait(struct memory* memory, struct bell* bell, const unsigned* leases, size_t count);

void bell_close(struct bell* bell);

/* Orders this thread against producers that publish without a fence. False when the system cannot. */
bool memory_barrier(void);

uint64_t random_number(void);
void sleep_ms(unsigned ms);
_Noreturn void fail(const char* what);
