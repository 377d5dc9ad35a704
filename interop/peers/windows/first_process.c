/*
 * The first of the two processes, for Windows. Creates named memory, writes a message into it, and waits for a key.
 *
 *   first_process [NAME [LENGTH [MESSAGE]]]
 *
 * There are two builds. With UNICODE and _UNICODE defined, the text is UTF-16; otherwise it is in the ANSI code page.
 * If standard input is not a console, one byte or the end of the input counts as the key.
 */
#include <conio.h>
#include <stdio.h>
#include <stdlib.h>
#include <tchar.h>
#include <windows.h>

static void wait_for_key(void) {
  HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
  DWORD mode;
  if (GetConsoleMode(input, &mode)) {
    _getch();
    return;
  }
  char byte;
  DWORD count;
  ReadFile(input, &byte, 1, &count, NULL);
}

int _tmain(int argc, TCHAR* argv[]) {
  const TCHAR* name = argc > 1 ? argv[1] : TEXT("Global\\MyFileMappingObject");
  DWORD length = argc > 2 ? _tcstoul(argv[2], NULL, 10) : 256;
  const TCHAR* message = argc > 3 ? argv[3] : TEXT("Message from first process.");

  HANDLE mapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, length, name);
  DWORD error = GetLastError();
  if (mapping == NULL) {
    fprintf(stderr, "Could not create file mapping object (%lu).\n", error);
    return 1;
  }
  BOOL created = error != ERROR_ALREADY_EXISTS;

  void* view = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, length);
  if (view == NULL) {
    fprintf(stderr, "Could not map view of file (%lu).\n", GetLastError());
    CloseHandle(mapping);
    return 1;
  }

  int status = 0;
  size_t message_length = (_tcslen(message) + 1) * sizeof(TCHAR);
  if (message_length <= length) {
    CopyMemory(view, message, message_length);
    printf("Ready (%s).\n", created ? "created" : "opened");
    fflush(stdout);
    wait_for_key();
  } else {
    fprintf(stderr, "The message needs %lu bytes.\n", (unsigned long)message_length);
    status = 1;
  }

  UnmapViewOfFile(view);
  CloseHandle(mapping);
  return status;
}
