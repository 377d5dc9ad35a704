// The kernel keeps named objects in directories, one for each login session and a global one. Windows.h has no call to
// read them; these of ntdll.dll are documented (NtQueryDirectoryObject, NtQueryObject) and found at run time.

// clang-format off: the others need windows.h before them
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <winternl.h>
// clang-format on

#include <set>

#include "../shared_memory.h"
#include "section.h"
#include "utf16.h"

namespace memlane {
namespace {

constexpr ACCESS_MASK kDirectoryQuery = 0x0001;  // DIRECTORY_QUERY of the driver kit
constexpr int kPasses = 3;
constexpr int kMostSteps = 100000;  // in a pass, where others never let it come to an end

// What NtQueryDirectoryObject returns for one object, the texts behind it.
struct DirectoryEntry {
  UNICODE_STRING name;
  UNICODE_STRING type;
};

using NtOpenDirectoryObject = NTSTATUS(NTAPI*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);
using NtQueryDirectoryObject = NTSTATUS(NTAPI*)(HANDLE, void*, ULONG, BOOLEAN, BOOLEAN, ULONG*, ULONG*);
using NtQueryObjectInformation = NTSTATUS(NTAPI*)(HANDLE, OBJECT_INFORMATION_CLASS, void*, ULONG, ULONG*);

template <typename Function>
Function FromNtdll(const char* name) {
  // By way of a plain function: compilers warn of a cast between function types of different arguments.
  return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name)));
}

std::wstring_view TextOf(const UNICODE_STRING& string) { return {string.Buffer, string.Length / sizeof(wchar_t)}; }

// X.lease.3: see lease.cc.
bool IsLease(std::wstring_view name) {
  const size_t digits = name.find_last_not_of(L"0123456789") + 1;
  constexpr std::wstring_view kInfix = L".lease.";
  return digits < name.size() && digits >= kInfix.size() &&
         name.substr(digits - kInfix.size(), kInfix.size()) == kInfix;
}

// The names of the sections in a directory; none where this process may not look. The kernel counts its objects off:
// one that goes meanwhile has another left out. So an entry counts only if the one before it is still in its place
// after the look; else the reading steps back to an entry that it knows. An object that goes before a look and is back
// after it deceives even that, but hardly at the same place in each pass.
std::set<std::wstring> SectionNames(const std::wstring& directory) {
  const auto open = FromNtdll<NtOpenDirectoryObject>("NtOpenDirectoryObject");
  const auto query = FromNtdll<NtQueryDirectoryObject>("NtQueryDirectoryObject");
  std::set<std::wstring> sections;
  if (open == nullptr || query == nullptr) return sections;

  UNICODE_STRING path;
  path.Buffer = const_cast<wchar_t*>(directory.c_str());
  path.Length = path.MaximumLength = static_cast<USHORT>(directory.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &path, 0, nullptr, nullptr);
  HANDLE opened = nullptr;
  if (open(&opened, kDirectoryQuery, &attributes) < 0) return sections;
  const Handle handle(opened);

  // One entry a call (Wine knows no other way); no entry is longer than two UNICODE_STRINGs can be.
  std::vector<DirectoryEntry> buffer(1 + 2 * (USHRT_MAX + 1) / sizeof(DirectoryEntry));
  const auto read = [&](ULONG index) {
    return query(handle.get(), buffer.data(), static_cast<ULONG>(buffer.size() * sizeof buffer[0]), TRUE, FALSE, &index,
                 nullptr) == 0;
  };
  for (int pass = 0; pass < kPasses; pass++) {
    std::set<std::wstring> seen;
    std::wstring last;
    ULONG index = 0;
    for (int step = 0; step < kMostSteps; step++) {
      const bool there = read(index);
      std::wstring name;
      if (there) {
        name = TextOf(buffer[0].name);
        if (TextOf(buffer[0].type) == L"Section" && !IsLease(name)) sections.insert(name);
      }
      if (index != 0 && !(read(index - 1) && TextOf(buffer[0].name) == last)) {
        while (--index != 0) {
          if (!read(index - 1)) continue;
          last = TextOf(buffer[0].name);
          if (seen.count(last) != 0) break;
        }
        continue;
      }
      if (!there) break;
      seen.insert(name);
      last = std::move(name);
      index++;
    }
  }
  return sections;
}

std::string OwnerOf(const Handle& section) {
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (GetSecurityInfo(section.get(), SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr, nullptr,
                      &descriptor) != ERROR_SUCCESS) {
    return {};
  }
  std::string sid;
  wchar_t* text = nullptr;
  if (owner != nullptr && ConvertSidToStringSidW(owner, &text)) {
    sid = ToUtf8(text);
    LocalFree(text);
  }
  LocalFree(descriptor);
  return sid;
}

std::optional<uint32_t> HoldersOf(const Handle& section) {
  const auto query = FromNtdll<NtQueryObjectInformation>("NtQueryObject");
  PUBLIC_OBJECT_BASIC_INFORMATION object = {};
  if (query == nullptr || query(section.get(), ObjectBasicInformation, &object, sizeof object, nullptr) != 0) return {};
  return static_cast<uint32_t>(object.HandleCount - 1);  // the one it is looked at through does not count
}

// Nothing when the section has gone meanwhile. What its permissions keep from this process stays empty.
std::optional<SegmentInfo> Describe(const std::wstring& name) {
  SegmentInfo info;
  info.name = ToUtf8(name);
  info.counted = true;
  constexpr DWORD kToLookThrough[] = {FILE_MAP_READ | READ_CONTROL, FILE_MAP_READ, READ_CONTROL};
  for (const DWORD rights : kToLookThrough) {
    const Handle section = OpenSection(name, rights);
    if (!section) {
      if (GetLastError() == ERROR_FILE_NOT_FOUND) return std::nullopt;
      continue;
    }
    info.holders = HoldersOf(section);
    if ((rights & FILE_MAP_READ) != 0) {
      auto length = MeasureSection(section);
      if (length.ok()) info.length = length.value();
    }
    if ((rights & READ_CONTROL) != 0) info.owner = OwnerOf(section);
    break;
  }
  return info;
}

}  // namespace

Result<std::vector<SegmentInfo>> ListSegments() {
  DWORD session = 0;
  ProcessIdToSessionId(GetCurrentProcessId(), &session);
  std::vector<std::wstring> names;
  const auto add = [&names](const wchar_t* prefix, const std::wstring& directory) {
    for (const std::wstring& name : SectionNames(directory)) names.push_back(prefix + name);
  };
  if (session == 0) {  // the session of the services: its own directory is the global one
    add(L"Local\\", L"\\BaseNamedObjects");
  } else {
    add(L"Local\\", L"\\Sessions\\" + std::to_wstring(session) + L"\\BaseNamedObjects");
    add(L"Global\\", L"\\BaseNamedObjects");
  }

  std::vector<SegmentInfo> segments;
  for (const std::wstring& name : names) {
    auto info = Describe(name);
    if (info) segments.push_back(std::move(*info));
  }
  return segments;
}

}  // namespace memlane
