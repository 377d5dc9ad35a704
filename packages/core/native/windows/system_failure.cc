#include "system_failure.h"

#include "utf16.h"

namespace memlane {
namespace {

std::wstring Describe(DWORD error, DWORD language) {
  wchar_t text[512];
  const DWORD length = FormatMessageW(
      FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,  // in one line
      nullptr, error, language, text, static_cast<DWORD>(sizeof text / sizeof *text), nullptr);
  std::wstring description(text, length);
  description.erase(description.find_last_not_of(L" \r\n") + 1);
  return description;
}

}  // namespace

Failure SystemFailure(const char* code, const char* syscall, DWORD error) {
  constexpr DWORD kEnglish = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
  constexpr DWORD kUsersOwn = MAKELANGID(LANG_NEUTRAL, SUBLANG_NEUTRAL);
  std::wstring description = Describe(error, kEnglish);
  if (description.empty()) description = Describe(error, kUsersOwn);
  return Failure{code, syscall, static_cast<long>(error), ToUtf8(description)};
}

bool IsOutOfMemory(DWORD error) {
  return error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_OUTOFMEMORY || error == ERROR_DISK_FULL ||
         error == ERROR_COMMITMENT_LIMIT;
}

Failure NoSpace(const char* syscall, DWORD error, uint64_t requested) {
  Failure failure = SystemFailure("NO_SPACE", syscall, error);
  failure.requested = requested;
  MEMORYSTATUSEX memory;
  memory.dwLength = sizeof memory;
  failure.available = GlobalMemoryStatusEx(&memory) ? memory.ullAvailPageFile : 0;
  return failure;
}

}  // namespace memlane
