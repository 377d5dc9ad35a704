#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "system.h"

#define MAX_WATCHED (MAXIMUM_WAIT_OBJECTS / 2 - 1)

struct memory {
  HANDLE section;
  unsigned char* bytes;
  size_t length;
  char name[270];
};

struct lease {
  HANDLE semaphore;
  HANDLE end;
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
  (void)memory; /* others have seen it since its creation, but without its magic word */
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

struct claim {
  bool exists;
  DWORD process_id;
  DWORD number;
};

static void lease_name(const struct memory* memory, unsigned number, char name[static 300]) {
  snprintf(name, 300, "%s.lease.%u", memory->name, number);
}

static void end_name(const char* lease, struct claim claim, char name[static 330]) {
  snprintf(name, 330, "%s.end.%lu.%lu", lease, claim.process_id, claim.number);
}

/* windows.h does not declare it. */
typedef LONG(NTAPI* query_semaphore)(HANDLE, int, void*, ULONG, ULONG*);

static struct claim read_claim(const char* name) {
  const DWORD query_state = 1; /* SEMAPHORE_QUERY_STATE */
  const HANDLE semaphore = OpenSemaphoreA(query_state, FALSE, name);
  if (semaphore == NULL && GetLastError() != ERROR_FILE_NOT_FOUND) fail("OpenSemaphore");
  if (semaphore == NULL) return (struct claim){false, 0, 0};
  const query_semaphore query =
      (query_semaphore)(void (*)(void))GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySemaphore");
  LONG numbers[2]; /* count and maximum */
  if (query == NULL || query(semaphore, 0, numbers, sizeof numbers, NULL) != 0) fail("NtQuerySemaphore");
  CloseHandle(semaphore);
  return (struct claim){true, (DWORD)numbers[0], (DWORD)(numbers[1] - numbers[0])};
}

static bool is_signalled(HANDLE object) { return WaitForSingleObject(object, 0) == WAIT_OBJECT_0; }

/* The owner's process and the end event of a lease. False if nobody holds it. */
static bool open_end(const char* name, HANDLE end[static 2]) {
  const struct claim claim = read_claim(name);
  if (!claim.exists) return false;
  char event[330];
  end_name(name, claim, event);
  end[0] = OpenProcess(SYNCHRONIZE, FALSE, claim.process_id);
  if (end[0] == NULL && GetLastError() != ERROR_INVALID_PARAMETER) fail("OpenProcess");
  end[1] = OpenEventA(SYNCHRONIZE, FALSE, event);
  if (end[1] == NULL && GetLastError() != ERROR_FILE_NOT_FOUND) fail("OpenEvent");
  if (end[0] != NULL && end[1] != NULL && !is_signalled(end[0]) && !is_signalled(end[1])) return true;
  if (end[0] != NULL) CloseHandle(end[0]);
  if (end[1] != NULL) CloseHandle(end[1]);
  return false;
}

bool lease_is_held(const struct memory* memory, unsigned number) {
  char name[300];
  lease_name(memory, number, name);
  HANDLE end[2];
  if (!open_end(name, end)) return false;
  CloseHandle(end[0]);
  CloseHandle(end[1]);
  return true;
}

static struct lease* try_claim(const char* name) {
  struct claim claim = {true, GetCurrentProcessId(), 0};
  HANDLE end = NULL;
  for (;; claim.number++) {
    char event[330];
    end_name(name, claim, event);
    SetLastError(ERROR_SUCCESS);
    end = CreateEventA(NULL, TRUE, FALSE, event);
    if (end != NULL && GetLastError() != ERROR_ALREADY_EXISTS) break;
    if (end == NULL && GetLastError() != ERROR_ACCESS_DENIED && GetLastError() != ERROR_INVALID_HANDLE) {
      fail("CreateEvent");
    }
    if (end != NULL) CloseHandle(end);
  }
  const LONG count = (LONG)claim.process_id, maximum = (LONG)(claim.process_id + claim.number);
  SetLastError(ERROR_SUCCESS);
  const HANDLE semaphore = CreateSemaphoreA(NULL, count, maximum, name);
  const DWORD error = GetLastError();
  if (semaphore == NULL && error != ERROR_ACCESS_DENIED) fail("CreateSemaphore");
  if (semaphore == NULL || error == ERROR_ALREADY_EXISTS) {
    if (semaphore != NULL) CloseHandle(semaphore);
    CloseHandle(end);
    return NULL;
  }
  struct lease* lease = allocate(sizeof *lease);
  *lease = (struct lease){semaphore, end};
  return lease;
}

/* Tries twice: a claim fails while another process asks whether the lease is held. */
struct lease* lease_claim(struct memory* memory, unsigned number) {
  char name[300];
  lease_name(memory, number, name);
  struct lease* lease = try_claim(name);
  return lease != NULL ? lease : try_claim(name);
}

void lease_release(struct lease* lease) {
  CloseHandle(lease->semaphore);
  SetEvent(lease->end);
  CloseHandle(lease->end);
  free(lease);
}

/* ---- bells ---- */

struct bell* bell_open(struct memory* memory, unsigned number) {
  char name[300];
  snprintf(name, sizeof name, "%s.bell.%u", memory->name, number);
  struct bell* bell = allocate(sizeof *bell);
  bell->event = CreateEventExA(NULL, name, 0, SYNCHRONIZE | EVENT_MODIFY_STATE);
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
    char name[300];
    lease_name(memory, leases[index], name);
    held = open_end(name, watched + opened);
    if (held) opened += 2;
  }
  if (held && WaitForMultipleObjects(opened, watched, FALSE, INFINITE) == WAIT_FAILED) fail("WaitForMultipleObjects");
  while (opened > 1) CloseHandle(watched[--opened]);
  return held;
}

void bell_close(struct bell* bell) {
  CloseHandle(bell->event);
  free(bell);
}

bool memory_barrier(void) { return true; /* every participant publishes with a fence on Windows */ }

uint64_t random_number(void) {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return ((uint64_t)GetCurrentProcessId() << 32 ^ (uint64_t)now.QuadPart) * UINT64_C(0x9e3779b97f4a7c15);
}

void sleep_ms(unsigned ms) { Sleep(ms); }
