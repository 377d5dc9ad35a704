#include "utf16.h"

#include <windows.h>

namespace memlane {

std::wstring ToUtf16(std::string_view utf8) {
  const int length = static_cast<int>(utf8.size());
  std::wstring utf16(MultiByteToWideChar(CP_UTF8, 0, utf8.data(), length, nullptr, 0), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.data(), length, utf16.data(), static_cast<int>(utf16.size()));
  return utf16;
}

std::string ToUtf8(std::wstring_view utf16) {
  const int length = static_cast<int>(utf16.size());
  std::string utf8(WideCharToMultiByte(CP_UTF8, 0, utf16.data(), length, nullptr, 0, nullptr, nullptr), '\0');
  WideCharToMultiByte(CP_UTF8, 0, utf16.data(), length, utf8.data(), static_cast<int>(utf8.size()), nullptr, nullptr);
  return utf8;
}

}  // namespace memlane
