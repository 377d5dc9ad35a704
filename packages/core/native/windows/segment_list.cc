// Lists shared memory by its names alone. Its length and its owner are left out on purpose: a process learns them only
// from a handle, and that handle would count. Memory whose last holder closes it at that moment would stay, and its
// name would not be free.

#include <windows.h>

#include "../shared_memory.h"
#include "object_directory.h"
#include "utf16.h"

namespace memlane {

Result<std::vector<SegmentInfo>> ListSegments() {
  std::vector<SegmentInfo> segments;
  const auto add = [&segments](const wchar_t* prefix, const std::wstring& directory) {
    for (const std::wstring& name : NamesInDirectory(directory, L"Section")) {
      SegmentInfo info;
      info.name = ToUtf8(prefix + name);
      info.counted = true;
      segments.push_back(std::move(info));
    }
  };
  DWORD session = 0;
  ProcessIdToSessionId(GetCurrentProcessId(), &session);
  if (session == 0) {  // the session of the services: its own directory is the global one
    add(L"Local\\", L"\\BaseNamedObjects");
  } else {
    add(L"Local\\", L"\\Sessions\\" + std::to_wstring(session) + L"\\BaseNamedObjects");
    add(L"Global\\", L"\\BaseNamedObjects");
  }
  return segments;
}

}  // namespace memlane
