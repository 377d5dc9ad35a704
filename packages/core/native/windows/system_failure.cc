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

const char* CodeOf(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
      return "NOT_FOUND";
    case ERROR_ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case ERROR_ACCESS_DENIED:
      return "ACCESS_DENIED";
    case ERROR_INVALID_HANDLE:  // an object of another type has the name
      return "NOT_SHARED_MEMORY";
    case ERROR_PATH_NOT_FOUND:  // a backslash in the wrong place
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
      return "INVALID_NAME";
    default:
      return "SYSTEM";
  }
}

}  // namespace

Failure SystemFailure(const char* code, const char* syscall, DWORD error) {
  constexpr DWORD kEnglish = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
  constexpr DWORD kOfUser = MAKELANGID(LANG_NEUTRAL, SUBLANG_NEUTRAL);
  std::wstring description = Describe(error, kEnglish);
  if (description.empty()) description = Describe(error, kOfUser);
  return Failure{code, syscall, static_cast<long>(error), ToUtf8(description)};
}

Failure SystemFailure(const char* syscall, DWORD error) { return SystemFailure(CodeOf(error), syscall, error); }

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
