#include <stdio.h>
#include <windows.h>

#include "mapping.h"

const char* default_name(void) { return "MumbleLink"; }

static bool map(HANDLE handle, size_t length, struct mapping* mapping) {
  mapping->system = handle;
  mapping->length = length;
  mapping->view = MapViewOfFile(handle, FILE_MAP_ALL_ACCESS, 0, 0, length);
  if (mapping->view != NULL) return true;
  fprintf(stderr, "Could not map view of file (%lu).\n", GetLastError());
  CloseHandle(handle);
  return false;
}

bool create_or_open_mapping(const char* name, size_t length, struct mapping* mapping) {
  HANDLE handle = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)length, name);
  mapping->created = handle != NULL && GetLastError() != ERROR_ALREADY_EXISTS;
  if (handle != NULL) return map(handle, length, mapping);
  fprintf(stderr, "Could not create file mapping object (%lu).\n", GetLastError());
  return false;
}

bool open_mapping(const char* name, size_t length, struct mapping* mapping) {
  mapping->created = false;
  HANDLE handle = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name);
  if (handle != NULL) return map(handle, length, mapping);
  fprintf(stderr, "Could not open file mapping object (%lu).\n", GetLastError());
  return false;
}

void close_mapping(const char* name, struct mapping* mapping) {
  (void)name; /* the system frees the memory with its last handle */
  UnmapViewOfFile(mapping->view);
  CloseHandle(mapping->system);
}
