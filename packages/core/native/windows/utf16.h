// Windows speaks UTF-16, the rest of memlane UTF-8. This is the only place where one becomes the other.
#pragma once

#include <string>
#include <string_view>

namespace memlane {

// What is not valid becomes U+FFFD, on both ways.
std::wstring ToUtf16(std::string_view utf8);
std::string ToUtf8(std::wstring_view utf16);

}  // namespace memlane
