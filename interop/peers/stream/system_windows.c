#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "system.h"

#define MAX_WATCHED (MAXIMUM_WAIT_OBJECTS / 2 - 1)

static const uint64_t CLAIMING = 0;
static const uint64_t ENDED = UINT64_MAX;

struct memory {
  HANDLE section;
  unsigned char* bytes;
  size_t length;
  char name[270];
};

struct lease {
  HANDLE section;
  HANDLE end;
  _Atomic uint64_t* claim;
};

struct bell {
  HANDLE event;
};

_Noreturn void fail(const char* what) {
  fprintf(stderr, "%s: %lu\n", what, GetLastError());
  exit(3);
}

static void* allocate(size_t size) {
  void* block = calloc(1, size);
  if (block == NULL) fail("calloc");
  return block;
}

static struct memory* map(const char* object, HANDLE section, bool writable) {
  struct memory* memory = allocate(sizeof *memory);
  snprintf(memory->name, sizeof memory->name, "%s", object);
  memory->section = section;
  memory->bytes = MapViewOfFile(section, writable ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ, 0, 0, 0);
  MEMORY_BASIC_INFORMATION region;
  if (memory->bytes == NULL || VirtualQuery(memory->bytes, &region, sizeof region) == 0) fail("MapViewOfFile");
  memory->length = region.RegionSize;
  return memory;
}

struct memory* memory_open(const char* object, bool writable) {
  const DWORD access = writable ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
  const HANDLE section = OpenFileMappingA(access, FALSE, object);
  if (section == NULL && GetLastError() != ERROR_FILE_NOT_FOUND) fail("OpenFileMapping");
  return section == NULL ? NULL : map(object, section, writable);
}

struct memory* memory_create(const char* object, size_t length) {
  const DWORD high = (DWORD)((uint64_t)length >> 32), low = (DWORD)length;
  SetLastError(ERROR_SUCCESS);
  const HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, high, low, object);
  if (section == NULL || GetLastError() == ERROR_ALREADY_EXISTS) fail("CreateFileMapping");
  return map(object, section, true);
}

bool memory_publish(struct memory* memory) {
  (void)memory; /* it has been there from its creation on, without its magic word */
  return true;
}

void memory_close(struct memory* memory) {
  UnmapViewOfFile(memory->bytes);
  CloseHandle(memory->section);
  free(memory);
}

unsigned char* memory_bytes(const struct memory* memory) { return memory->bytes; }
size_t memory_length(const struct memory* memory) { return memory->length; }

/* ---- leases ---- */

static void lease_name(const struct memory* memory, unsigned number, char name[static 300]) {
  snprintf(name, 300, "%s.lease.%u", memory->name, number);
}

static void end_name(const char* lease, uint64_t claim, char name[static 330]) {
  snprintf(name, 330, "%s.end.%llu", lease, (unsigned long long)claim);
}

static uint64_t read_claim(const char* name) {
  const HANDLE section = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
  if (section == NULL && GetLastError() != ERROR_FILE_NOT_FOUND) fail("OpenFileMapping");
  if (section == NULL) return ENDED;
  _Atomic uint64_t* word = MapViewOfFile(section, FILE_MAP_READ, 0, 0, sizeof *word);
  if (word == NULL) fail("MapViewOfFile");
  const uint64_t claim = atomic_load(word);
  UnmapViewOfFile((const void*)word);
  CloseHandle(section);
  return claim;
}

/* The process of a claim, NULL when it has ended. */
static HANDLE open_owner(uint64_t claim) {
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)claim);
  if (process == NULL && GetLastError() != ERROR_INVALID_PARAMETER) fail("OpenProcess");
  if (process == NULL || WaitForSingleObject(process, 0) != WAIT_OBJECT_0) return process;
  CloseHandle(process);
  return NULL;
}

bool lease_is_held(const struct memory* memory, unsigned number) {
  char name[300];
  lease_name(memory, number, name);
  const uint64_t claim = read_claim(name);
  if (claim == ENDED || claim == CLAIMING) return claim == CLAIMING;
  const HANDLE owner = open_owner(claim);
  if (owner != NULL) CloseHandle(owner);
  return owner != NULL;
}

static struct lease* try_claim(const char* name) {
  SetLastError(ERROR_SUCCESS);
  const HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(uint64_t), name);
  if (section != NULL && GetLastError() == ERROR_ALREADY_EXISTS) {
    CloseHandle(section);
    return NULL;
  }
  if (section == NULL && GetLastError() == ERROR_ACCESS_DENIED) return NULL;
  if (section == NULL) fail("CreateFileMapping");
  struct lease* lease = allocate(sizeof *lease);
  lease->section = section;
  lease->claim = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof *lease->claim);
  if (lease->claim == NULL) fail("MapViewOfFile");
  for (uint64_t claim = GetCurrentProcessId();; claim += UINT64_C(1) << 32) {
    char end[330];
    end_name(name, claim, end);
    SetLastError(ERROR_SUCCESS);
    lease->end = CreateEventA(NULL, TRUE, FALSE, end);
    if (lease->end == NULL) fail("CreateEvent");
    if (GetLastError() != ERROR_ALREADY_EXISTS) {
      atomic_store(lease->claim, claim);
      return lease;
    }
    CloseHandle(lease->end);
  }
}

/* Twice, because it fails while somebody just asks. */
struct lease* lease_claim(struct memory* memory, unsigned number) {
  char name[300];
  lease_name(memory, number, name);
  struct lease* lease = try_claim(name);
  return lease != NULL ? lease : try_claim(name);
}

void lease_release(struct lease* lease) {
  atomic_store(lease->claim, ENDED);
  UnmapViewOfFile((void*)lease->claim);
  CloseHandle(lease->section);
  SetEvent(lease->end);
  CloseHandle(lease->end);
  free(lease);
}

/* ---- bells ---- */

struct bell* bell_open(struct memory* memory, unsigned number) {
  char name[300];
  snprintf(name, sizeof name, "%s.bell.%u", memory->name, number);
  struct bell* bell = allocate(sizeof *bell);
  bell->event = CreateEventA(NULL, FALSE, FALSE, name);
  if (bell->event == NULL) fail("CreateEvent");
  return bell;
}

void bell_ring(struct bell* bell) {
  if (!SetEvent(bell->event)) fail("SetEvent");
}

bool bell_wait(struct memory* memory, struct bell* bell, const unsigned* leases, size_t count) {
  HANDLE watched[MAXIMUM_WAIT_OBJECTS] = {bell->event};
  DWORD opened = 1;
  bool held = true;
  for (size_t index = 0; held && index < count && index < MAX_WATCHED; index++) {
    char name[300], end[330];
    lease_name(memory, leases[index], name);
    const uint64_t claim = read_claim(name);
    held = claim != ENDED && claim != CLAIMING;
    if (!held) break;
    end_name(name, claim, end);
    const HANDLE owner = open_owner(claim);
    const HANDLE event = OpenEventA(SYNCHRONIZE, FALSE, end);
    if (owner != NULL) watched[opened++] = owner;
    if (event != NULL) watched[opened++] = event;
    held = owner != NULL && event != NULL;
  }
  if (held && WaitForMultipleObjects(opened, watched, FALSE, INFINITE) == WAIT_FAILED) fail("WaitForMultipleObjects");
  while (opened > 1) CloseHandle(watched[--opened]);
  return held;
}

void bell_close(struct bell* bell) {
  CloseHandle(bell->event);
  free(bell);
}

bool memory_barrier(void) { return true; /* everybody publishes with a fence here */ }

uint64_t random_number(void) {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return ((uint64_t)GetCurrentProcessId() << 32 ^ (uint64_t)now.QuadPart) * UINT64_C(0x9e3779b97f4a7c15);
}

void sleep_ms(unsigned ms) { Sleep(ms); }
