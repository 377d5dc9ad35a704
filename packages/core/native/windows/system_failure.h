// A failed Windows call, with the system's message for it.
#pragma once

#include <windows.h>

#include "../result.h"

namespace memlane {

// `error` is the value of GetLastError(), read right after `syscall`. Without a `code`, the error number decides it.
Failure SystemFailure(const char* code, const char* syscall, DWORD error);
Failure SystemFailure(const char* syscall, DWORD error);

// NO_SPACE: `requested` bytes of memory are not available. The failure says how many bytes are.
bool IsOutOfMemory(DWORD error);
Failure NoSpace(const char* syscall, DWORD error, uint64_t requested);

}  // namespace memlane
