/* without_privilege.exe PRIVILEGE PROGRAM ARGUMENTS...: disables one privilege in the token of this process. Its
 * children inherit that token. Then runs PROGRAM and ends with its exit code. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

/* Skips one argument of a raw command line. The rest keeps its quotes. */
static wchar_t* after_argument(wchar_t* line) {
  if (*line == L'"') {
    for (line++; *line && *line != L'"'; line++) {
    }
    if (*line) line++;
  } else {
    while (*line && *line != L' ') line++;
  }
  while (*line == L' ') line++;
  return line;
}

int main(int argc, char** argv) {
  HANDLE token;
  TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};
  STARTUPINFOW startup = {.cb = sizeof startup};
  PROCESS_INFORMATION process;
  DWORD code = 1;

  if (argc < 3) {
    fprintf(stderr, "usage: without_privilege PRIVILEGE PROGRAM ARGUMENTS...\n");
    return 2;
  }
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token) ||
      !LookupPrivilegeValueA(NULL, argv[1], &wanted.Privileges[0].Luid) ||
      !AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL) || GetLastError() != ERROR_SUCCESS) {
    fprintf(stderr, "without_privilege: could not disable %s (%lu)\n", argv[1], GetLastError());
    return 1;
  }
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
  startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  if (!CreateProcessW(NULL, after_argument(after_argument(GetCommandLineW())), NULL, NULL, TRUE, 0, NULL, NULL,
                      &startup, &process)) {
    fprintf(stderr, "without_privilege: could not start %s (%lu)\n", argv[2], GetLastError());
    return 1;
  }
  WaitForSingleObject(process.hProcess, INFINITE);
  GetExitCodeProcess(process.hProcess, &code);
  return (int)code;
}
