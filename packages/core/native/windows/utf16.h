// Conversion between the UTF-16 of Windows and the UTF-8 of memlane. No other file converts.
#pragma once

#include <string>
#include <string_view>

namespace memlane {

// An invalid character becomes U+FFFD, in both directions.
std::wstring ToUtf16(std::string_view utf8);
std::string ToUtf8(std::wstring_view utf16);

}  // namespace memlane
