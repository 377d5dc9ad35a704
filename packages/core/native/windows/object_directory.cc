#include "object_directory.h"

#include <string_view>
#include <vector>

#include "handle.h"

namespace memlane {
namespace {

constexpr ACCESS_MASK kDirectoryQuery = 0x0001;  // DIRECTORY_QUERY of the driver kit
constexpr NTSTATUS kSuccess = 0;
constexpr auto kMoreEntries = static_cast<NTSTATUS>(0x00000105);     // STATUS_MORE_ENTRIES
constexpr auto kBufferTooSmall = static_cast<NTSTATUS>(0xC0000023);  // STATUS_BUFFER_TOO_SMALL
constexpr size_t kFirstLength = 1 << 16;                             // bytes
constexpr size_t kLongestLength = 1 << 28;
constexpr int kPasses = 3;
constexpr int kMostSteps = 100'000;  // in one pass, which other processes could prolong forever

// What NtQueryDirectoryObject writes for one object. The texts stand behind all entries; an empty entry ends the list.
struct DirectoryEntry {
  UNICODE_STRING name;
  UNICODE_STRING type;
};

using NtOpenDirectoryObject = NTSTATUS(NTAPI*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);

std::wstring_view TextOf(const UNICODE_STRING& string) { return {string.Buffer, string.Length / sizeof(wchar_t)}; }

std::vector<DirectoryEntry> BufferOf(size_t length) {
  return std::vector<DirectoryEntry>(length / sizeof(DirectoryEntry) + 1);
}

ULONG LengthOf(const std::vector<DirectoryEntry>& buffer) {
  return static_cast<ULONG>(buffer.size() * sizeof(DirectoryEntry));
}

// Reads all entries by one call, which the kernel answers for one moment. A call that does not hold all of them is made
// again with a larger buffer. False if the system reads only one entry per call (Wine before version 9).
bool ReadAtOnce(HANDLE directory, const wchar_t* type, NtQueryDirectoryObject query, std::set<std::wstring>& names) {
  for (size_t length = kFirstLength; length <= kLongestLength; length *= 2) {
    auto buffer = BufferOf(length);
    ULONG index = 0;
    const NTSTATUS status = query(directory, buffer.data(), LengthOf(buffer), FALSE, TRUE, &index, nullptr);
    if (status == kMoreEntries || status == kBufferTooSmall) continue;
    if (status < 0)
      return status == static_cast<NTSTATUS>(0x8000001A);  // STATUS_NO_MORE_ENTRIES: the directory is empty
    for (const DirectoryEntry& entry : buffer) {
      if (entry.name.Buffer == nullptr) break;
      if (TextOf(entry.type) == type) names.emplace(TextOf(entry.name));
    }
    return true;
  }
  return false;
}

// Reads entry by entry. The system numbers the entries. If an object is removed during the pass, all later entries move
// by one, and the pass would skip one of them. Therefore the pass accepts an entry only if the previous entry is still
// in its place afterwards. Otherwise it steps back to an entry that it knows. An object that is removed and created
// again at the wrong moments can still mislead a pass, but hardly at the same place in each pass.
void ReadOneByOne(HANDLE directory, const wchar_t* type, NtQueryDirectoryObject query, std::set<std::wstring>& names) {
  auto buffer = BufferOf(2 * (USHRT_MAX + 1));  // the longest possible entry
  const auto read = [&](ULONG index) {
    return query(directory, buffer.data(), LengthOf(buffer), TRUE, FALSE, &index, nullptr) == kSuccess;
  };
  int calm_passes = 0;
  for (int pass = 0; pass < kPasses && calm_passes < 2; pass++) {
    bool calm = true;
    std::set<std::wstring> seen;
    std::wstring last;
    ULONG index = 0;
    for (int step = 0; step < kMostSteps; step++) {
      const bool exists = read(index);
      std::wstring name;
      if (exists) {
        name = TextOf(buffer[0].name);
        if (TextOf(buffer[0].type) == type) names.insert(name);
      }
      if (index != 0 && !(read(index - 1) && TextOf(buffer[0].name) == last)) {
        calm = false;
        while (--index != 0) {
          if (!read(index - 1)) continue;
          last = TextOf(buffer[0].name);
          if (seen.count(last) != 0) break;
        }
        continue;
      }
      if (!exists) break;
      seen.insert(name);
      last = std::move(name);
      index++;
    }
    calm_passes = calm ? calm_passes + 1 : 0;
  }
}

}  // namespace

std::set<std::wstring> NamesInDirectory(const std::wstring& directory, const wchar_t* type) {
  const auto open = FromNtdll<NtOpenDirectoryObject>("NtOpenDirectoryObject");
  const auto query = FromNtdll<NtQueryDirectoryObject>("NtQueryDirectoryObject");
  if (open == nullptr || query == nullptr) return {};
  UNICODE_STRING path;
  path.Buffer = const_cast<wchar_t*>(directory.c_str());
  path.Length = path.MaximumLength = static_cast<USHORT>(directory.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &path;
  HANDLE opened = nullptr;
  if (open(&opened, kDirectoryQuery, &attributes) < 0) return {};
  const Handle handle(opened);
  return NamesInDirectory(handle.get(), type, query);
}

std::set<std::wstring> NamesInDirectory(HANDLE directory, const wchar_t* type, NtQueryDirectoryObject query) {
  std::set<std::wstring> names;
  if (!ReadAtOnce(directory, type, query, names)) ReadOneByOne(directory, type, query, names);
  return names;
}

}  // namespace memlane
