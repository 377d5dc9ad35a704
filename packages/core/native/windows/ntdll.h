// Functions of ntdll.dll that windows.h does not declare, found at run time.
#pragma once

// clang-format off: winternl.h needs windows.h before it
#include <windows.h>
#include <winternl.h>
// clang-format on

namespace memlane {

// A null pointer if this version of Windows does not have the function.
template <typename Function>
Function FromNtdll(const char* name) {
  // The cast goes through a plain function type, because compilers warn about casts between function types.
  return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name)));
}

}  // namespace memlane
