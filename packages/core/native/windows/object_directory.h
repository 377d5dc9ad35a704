// The kernel keeps named objects in directories: one for each login session, and a global one. windows.h has no
// function that reads them; those of ntdll.dll are documented.
#pragma once

#include <set>
#include <string>

#include "ntdll.h"

namespace memlane {

using NtQueryDirectoryObject = NTSTATUS(NTAPI*)(HANDLE, void*, ULONG, BOOLEAN, BOOLEAN, ULONG*, ULONG*);

// The names of the objects of one type in a directory (`L"\\BaseNamedObjects"`), taken at one moment. Opens none of
// them. Empty if this process may not read the directory.
std::set<std::wstring> NamesInDirectory(const std::wstring& directory, const wchar_t* type);

// The same for a directory that is open. `query` is the function of ntdll.dll.
std::set<std::wstring> NamesInDirectory(HANDLE directory, const wchar_t* type, NtQueryDirectoryObject query);

}  // namespace memlane
