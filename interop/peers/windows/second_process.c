/*
 * The second of the two processes, for Windows. Opens named memory and shows the message in it in a message box.
 *
 *   second_process [--terminal] [--wait MS] [NAME [LENGTH]]
 *
 * --terminal prints the message in UTF-8 instead of opening the box. --wait waits that long for the memory and for a
 * message; without it, both must be there. There are two builds, as of the first process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tchar.h>
#include <windows.h>

enum { LOOK_INTERVAL_MS = 5, SETTLE_MS = 20 };

static HANDLE open_mapping(const TCHAR* name, ULONGLONG deadline) {
  HANDLE mapping;
  while ((mapping = OpenFileMapping(FILE_MAP_ALL_ACCESS, FALSE, name)) == NULL &&
         GetLastError() == ERROR_FILE_NOT_FOUND && GetTickCount64() < deadline) {
    Sleep(LOOK_INTERVAL_MS);
  }
  return mapping;
}

/* Waits for a message, and then a moment longer, until it is complete. */
static void wait_for_message(const volatile TCHAR* view, ULONGLONG deadline) {
  while (*view == 0 && GetTickCount64() < deadline) Sleep(LOOK_INTERVAL_MS);
  Sleep(SETTLE_MS);
}

static void print_line(const TCHAR* text, int unit_count) {
  int wide_count;
  WCHAR* wide = malloc((unit_count + 1) * sizeof(WCHAR));
  int bytes_capacity = 4 * unit_count + 1;
  char* bytes = malloc(bytes_capacity);
#ifdef UNICODE
  memcpy(wide, text, unit_count * sizeof(WCHAR));
  wide_count = unit_count;
#else
  wide_count = unit_count == 0 ? 0 : MultiByteToWideChar(CP_ACP, 0, text, unit_count, wide, unit_count);
#endif
  int byte_count =
      wide_count == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, wide, wide_count, bytes, bytes_capacity, NULL, NULL);
  printf("%.*s\n", byte_count, bytes);
  free(bytes);
  free(wide);
}

int _tmain(int argc, TCHAR* argv[]) {
  BOOL terminal = FALSE;
  ULONGLONG wait_ms = 0;
  int argument = 1;
  for (; argument < argc && argv[argument][0] == TEXT('-'); argument++) {
    if (_tcscmp(argv[argument], TEXT("--terminal")) == 0) {
      terminal = TRUE;
    } else if (_tcscmp(argv[argument], TEXT("--wait")) == 0 && argument + 1 < argc) {
      wait_ms = _tcstoul(argv[++argument], NULL, 10);
    } else {
      fprintf(stderr, "usage: second_process [--terminal] [--wait MS] [NAME [LENGTH]]\n");
      return 2;
    }
  }
  const TCHAR* name = argument < argc ? argv[argument] : TEXT("Global\\MyFileMappingObject");
  DWORD length = argument + 1 < argc ? _tcstoul(argv[argument + 1], NULL, 10) : 256;
  ULONGLONG deadline = GetTickCount64() + wait_ms;

  HANDLE mapping = open_mapping(name, deadline);
  if (mapping == NULL) {
    fprintf(stderr, "Could not open file mapping object (%lu).\n", GetLastError());
    return 1;
  }
  const TCHAR* view = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, length);
  if (view == NULL) {
    fprintf(stderr, "Could not map view of file (%lu).\n", GetLastError());
    CloseHandle(mapping);
    return 1;
  }

  if (wait_ms > 0) wait_for_message(view, deadline);
  if (terminal) {
    print_line(view, (int)_tcsnlen(view, length / sizeof(TCHAR)));
  } else {
    MessageBox(NULL, view, TEXT("Process2"), MB_OK);
  }

  UnmapViewOfFile(view);
  CloseHandle(mapping);
  return 0;
}
