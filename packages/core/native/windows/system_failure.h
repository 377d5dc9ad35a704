// A failed Windows call with the system's own words for it.
#pragma once

#include <windows.h>

#include "../result.h"

namespace memlane {

// `error` is what GetLastError() said, read at once after `syscall`.
Failure SystemFailure(const char* code, const char* syscall, DWORD error);

// Memory was `requested`, and there is not as much: NO_SPACE, with what there is.
bool IsOutOfMemory(DWORD error);
Failure NoSpace(const char* syscall, DWORD error, uint64_t requested);

}  // namespace memlane
