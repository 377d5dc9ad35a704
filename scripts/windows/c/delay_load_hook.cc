// The addon imports Node.js from "NODE.EXE". This hook makes that the running executable, whatever its name. (node-gyp
// links a hook that does the same.)

// clang-format off: the others need windows.h before them
#include <windows.h>
#include <delayimp.h>
// clang-format on

#include <string.h>

static FARPROC WINAPI LoadRunningExecutable(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "NODE.EXE") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

PfnDliHook __pfnDliNotifyHook2 = LoadRunningExecutable;  // declared extern "C" in delayimp.h
