/* Reads directories of objects by packages/core/native/windows/object_directory.cc, with stand-ins for the system's
 * function: as Windows has it, which Wine 8 has not, and as Wine 8 has it. Prints what it found, one line for each. */
#include "../../../packages/core/native/windows/object_directory.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr auto kMoreEntries = static_cast<NTSTATUS>(0x00000105);
constexpr auto kNoMoreEntries = static_cast<NTSTATUS>(0x8000001A);
constexpr auto kNotImplemented = static_cast<NTSTATUS>(0xC0000002);

struct Entry {
  UNICODE_STRING name;
  UNICODE_STRING type;
};

std::vector<std::pair<std::wstring, std::wstring>> objects;  // name and type
int calls = 0;

/* Entries at the start of the buffer, an empty one behind them, then the texts. */
ULONG Write(void* buffer, ULONG length, ULONG first, ULONG most) {
  ULONG count = 0;
  size_t needed = sizeof(Entry);
  for (ULONG index = first; index < objects.size() && count < most; index++, count++) {
    const auto& [name, type] = objects[index];
    needed += sizeof(Entry) + (name.size() + type.size() + 2) * sizeof(wchar_t);
    if (needed > length) break;
  }
  auto* entries = static_cast<Entry*>(buffer);
  std::memset(entries, 0, (count + 1) * sizeof(Entry));
  auto* text = reinterpret_cast<wchar_t*>(entries + count + 1);
  const auto put = [&text](const std::wstring& source, UNICODE_STRING& target) {
    target.Buffer = text;
    target.Length = static_cast<USHORT>(source.size() * sizeof(wchar_t));
    target.MaximumLength = static_cast<USHORT>(target.Length + sizeof(wchar_t));
    std::memcpy(text, source.c_str(), target.MaximumLength);
    text += source.size() + 1;
  };
  for (ULONG index = 0; index < count; index++) {
    put(objects[first + index].first, entries[index].name);
    put(objects[first + index].second, entries[index].type);
  }
  return count;
}

NTSTATUS NTAPI AsWindows(HANDLE, void* buffer, ULONG length, BOOLEAN single, BOOLEAN restart, ULONG* context, ULONG*) {
  calls++;
  const ULONG first = restart ? 0 : *context;
  if (first >= objects.size()) return kNoMoreEntries;
  const ULONG count = Write(buffer, length, first, single ? 1 : static_cast<ULONG>(objects.size()));
  *context = first + count;
  return !single && *context < objects.size() ? kMoreEntries : 0;
}

NTSTATUS NTAPI AsWine(HANDLE directory, void* buffer, ULONG length, BOOLEAN single, BOOLEAN restart, ULONG* context,
                      ULONG* written) {
  return single ? AsWindows(directory, buffer, length, single, restart, context, written) : kNotImplemented;
}

void Read(const char* what, memlane::NtQueryDirectoryObject query) {
  calls = 0;
  const auto names = memlane::NamesInDirectory(nullptr, L"Section", query);
  const char* last = names.empty() || *names.rbegin() == L"section 99999" ? "all" : "not all";
  std::printf("%s: %zu sections, %s, %d calls\n", what, names.size(), last, calls);
}

}  // namespace

int main() {
  Read("empty", AsWindows);
  for (int number = 10'000; number < 100'000; number++) {
    const std::wstring digits = std::to_wstring(number);
    if (number % 2 == 0) {
      objects.emplace_back(L"event " + digits, L"Event");
    } else {
      objects.emplace_back(L"section " + digits, L"Section");
    }
  }
  Read("Windows", AsWindows);
  objects.resize(1000);
  objects.emplace_back(L"section 99999", L"Section");
  Read("Wine", AsWine);
}
