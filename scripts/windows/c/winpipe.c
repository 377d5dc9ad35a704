// winpipe PROGRAM ARGUMENTS...: runs PROGRAM with real Windows pipes as its standard streams, and copies between these
// pipes and its own streams. (Under Wine its own streams are Unix pipes, files or terminals, which node.exe refuses
// with EBADF.) PROGRAM ends when winpipe ends, for whatever reason. winpipe's exit code is PROGRAM's. Ctrl+C reaches
// PROGRAM.

#include <stdio.h>
#include <windows.h>

typedef struct {
  HANDLE from, to;
} Pump;

// Copies until `from` ends, or until no process reads `to`. Then closes `theirs`, so that PROGRAM notices the end.
static void CopyAll(const Pump* pump, HANDLE theirs) {
  char buffer[65536];
  DWORD length, written;
  while (ReadFile(pump->from, buffer, sizeof buffer, &length, NULL) && length > 0) {
    for (DWORD offset = 0; offset < length; offset += written) {
      if (!WriteFile(pump->to, buffer + offset, length - offset, &written, NULL)) {
        CloseHandle(theirs);
        return;
      }
    }
  }
  CloseHandle(theirs);
}

static DWORD WINAPI PumpInput(void* argument) {
  const Pump* pump = argument;
  CopyAll(pump, pump->to);
  return 0;
}

static DWORD WINAPI PumpOutput(void* argument) {
  const Pump* pump = argument;
  CopyAll(pump, pump->from);
  return 0;
}

// Returns the command line behind its first word, so that every argument keeps its quotes.
static wchar_t* SkipProgramName(wchar_t* text) {
  if (*text == L'"') {
    for (text++; *text != L'\0' && *text != L'"'; text++) continue;
    if (*text != L'\0') text++;
  } else {
    while (*text != L'\0' && *text != L' ' && *text != L'\t') text++;
  }
  while (*text == L' ' || *text == L'\t') text++;
  return text;
}

static void MakePipe(HANDLE* read_end, HANDLE* write_end, HANDLE* ours) {
  SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
  if (!CreatePipe(read_end, write_end, &inheritable, 0)) ExitProcess(127);
  SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

static PROCESS_INFORMATION process;

static BOOL IsTerminal(DWORD stream) {
  DWORD mode;
  return GetConsoleMode(GetStdHandle(stream), &mode);
}

// At a terminal, Ctrl+C reaches PROGRAM as well as this process. Without a terminal, the event was a SIGINT for this
// process alone. Windows announces such an event by a thread that it starts in the process. So this function starts
// such a thread in PROGRAM.
static BOOL WINAPI PassOnInterrupt(DWORD event) {
  if (event != CTRL_C_EVENT) return FALSE;
  const BOOL at_terminal =
      IsTerminal(STD_INPUT_HANDLE) || IsTerminal(STD_OUTPUT_HANDLE) || IsTerminal(STD_ERROR_HANDLE);
  FARPROC routine = GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "CtrlRoutine");
  if (!at_terminal && routine != NULL) {
    CreateRemoteThread(process.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)(void*)routine, (void*)(ULONG_PTR)event, 0,
                       NULL);
  }
  return TRUE;
}

int main(void) {
  wchar_t* command_line = SkipProgramName(GetCommandLineW());
  if (*command_line == L'\0') {
    fprintf(stderr, "usage: winpipe PROGRAM ARGUMENTS...\n");
    return 2;
  }

  SetConsoleCP(CP_UTF8);  // of a terminal
  SetConsoleOutputCP(CP_UTF8);
  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  Pump input = {.from = GetStdHandle(STD_INPUT_HANDLE)};
  Pump output = {.to = GetStdHandle(STD_OUTPUT_HANDLE)};
  Pump errors = {.to = GetStdHandle(STD_ERROR_HANDLE)};
  MakePipe(&startup.hStdInput, &input.to, &input.to);
  MakePipe(&output.from, &startup.hStdOutput, &output.from);
  MakePipe(&errors.from, &startup.hStdError, &errors.from);

  // However this process ends, the system closes its handles. Closing the job's last handle ends everything in the job.
  HANDLE job = CreateJobObjectW(NULL, NULL);
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);

  if (!CreateProcessW(NULL, command_line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &process)) {
    fprintf(stderr, "winpipe: %ls could not be started (%lu).\n", command_line, GetLastError());
    return 127;
  }
  SetConsoleCtrlHandler(PassOnInterrupt, TRUE);
  AssignProcessToJobObject(job, process.hProcess);
  ResumeThread(process.hThread);
  CloseHandle(startup.hStdInput);
  CloseHandle(startup.hStdOutput);
  CloseHandle(startup.hStdError);

  CreateThread(NULL, 0, PumpInput, &input, 0, NULL);
  HANDLE pumps[2] = {CreateThread(NULL, 0, PumpOutput, &output, 0, NULL),
                     CreateThread(NULL, 0, PumpOutput, &errors, 0, NULL)};
  WaitForSingleObject(process.hProcess, INFINITE);
  DWORD exit_code = 1;
  GetExitCodeProcess(process.hProcess, &exit_code);
  TerminateJobObject(job, exit_code);  // processes that PROGRAM left would hold its output open
  WaitForMultipleObjects(2, pumps, TRUE, INFINITE);
  ExitProcess(exit_code);
}
