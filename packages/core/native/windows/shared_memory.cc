// Named shared memory on Windows: sections backed by the paging file. The kernel itself counts the handles, and takes a
// section with its last one, however its holder ended; every page is charged to the system's commit at creation.

#include "../shared_memory.h"

// clang-format off: the others need windows.h before them
#include <windows.h>
#include <sddl.h>
// clang-format on

#include "section.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

class WindowsSegment final : public Segment {
 public:
  WindowsSegment(std::string name, Handle section, Mapping mapping, uint64_t object_length)
      : name_(std::move(name)),
        section_(std::move(section)),
        mapping_(std::move(mapping)),
        object_length_(object_length) {}
  ~WindowsSegment() override { Close(); }

  uint8_t* data() const override { return mapping_.data(); }
  size_t view_length() const override { return mapping_.length(); }
  const std::string& name() const override { return name_; }
  intptr_t handle() const override { return section_ ? reinterpret_cast<intptr_t>(section_.get()) : -1; }
  uint64_t object_length() const override { return object_length_; }
  void Close() override {
    mapping_.Unmap();
    section_.Close();
  }

 private:
  const std::string name_;
  Handle section_;
  Mapping mapping_;
  const uint64_t object_length_;
};

Result<std::unique_ptr<Segment>> MapSegment(const std::string& name, Handle section, uint64_t object_length,
                                            const View& view) {
  auto mapping = MapSection(section, object_length, view);
  if (!mapping.ok()) return mapping.failure();
  return std::unique_ptr<Segment>(
      std::make_unique<WindowsSegment>(name, std::move(section), std::move(mapping.value()), object_length));
}

// ---- what the numbers mean ----

const char* CodeOf(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
      return "NOT_FOUND";
    case ERROR_ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case ERROR_ACCESS_DENIED:
      return "ACCESS_DENIED";
    case ERROR_INVALID_HANDLE:  // the name is that of an event, a mutex, ...
      return "NOT_SHARED_MEMORY";
    case ERROR_PATH_NOT_FOUND:  // a backslash where none may be
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
      return "INVALID_NAME";
    default:
      return "SYSTEM";
  }
}

// Does the system let this process put new names under Global\?
bool MayCreateGlobal() {
  HANDLE opened;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &opened)) return true;  // then do not blame the privilege
  const Handle token(opened);
  PRIVILEGE_SET wanted = {};
  wanted.PrivilegeCount = 1;
  wanted.Control = PRIVILEGE_SET_ALL_NECESSARY;
  BOOL granted;
  if (!LookupPrivilegeValueW(nullptr, L"SeCreateGlobalPrivilege", &wanted.Privilege[0].Luid)) return true;
  if (!PrivilegeCheck(token.get(), &wanted, &granted)) return true;
  return granted;
}

// CreateFileMapping opens what exists already, asking for every right: it is denied where an opener may well read.
bool CanBeOpened(const std::wstring& name) { return static_cast<bool>(OpenSection(name, FILE_MAP_READ)); }

Failure CreateFailure(DWORD error, const CreateOptions& options, const std::wstring& name) {
  if (IsOutOfMemory(error)) return NoSpace("CreateFileMappingW", error, options.length);
  const char* code = CodeOf(error);
  if (error == ERROR_ACCESS_DENIED) {
    if (CanBeOpened(name)) {
      code = "ALREADY_EXISTS";
    } else if (name.rfind(L"Global\\", 0) == 0 && !MayCreateGlobal()) {
      code = "PRIVILEGE_REQUIRED";
    }
  }
  return SystemFailure(code, "CreateFileMappingW", error);
}

// ---- permissions ----

class SecurityDescriptor {
 public:
  explicit SecurityDescriptor(PSECURITY_DESCRIPTOR descriptor = nullptr) : descriptor_(descriptor) {}
  SecurityDescriptor(SecurityDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  ~SecurityDescriptor() { LocalFree(descriptor_); }
  PSECURITY_DESCRIPTOR get() const { return descriptor_; }

 private:
  PSECURITY_DESCRIPTOR descriptor_;
};

// Empty text: none, which lets the process token decide.
Result<SecurityDescriptor> ParseSecurityDescriptor(const std::string& sddl) {
  if (sddl.empty()) return SecurityDescriptor();
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(ToUtf16(sddl).c_str(), SDDL_REVISION_1, &descriptor,
                                                            nullptr)) {
    const DWORD error = GetLastError();
    return SystemFailure("INVALID_SECURITY_DESCRIPTOR", "ConvertStringSecurityDescriptorToSecurityDescriptorW", error);
  }
  return SecurityDescriptor(descriptor);
}

}  // namespace

Result<std::unique_ptr<Segment>> CreateSegment(const CreateOptions& options, const View& view) {
  if (options.persistent) return SystemFailure("NOT_SUPPORTED", "CreateFileMappingW", ERROR_NOT_SUPPORTED);
  auto security = ParseSecurityDescriptor(options.security_descriptor);
  if (!security.ok()) return security.failure();

  const std::wstring name = ToUtf16(options.name);
  SECURITY_ATTRIBUTES attributes = {sizeof attributes, security.value().get(), FALSE};
  SetLastError(ERROR_SUCCESS);  // success need not set it
  Handle section(CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE,
                                    static_cast<DWORD>(options.length >> 32),
                                    static_cast<DWORD>(options.length & 0xFFFFFFFF), name.c_str()));
  const DWORD error = GetLastError();
  if (!section || error == ERROR_ALREADY_EXISTS) return CreateFailure(error, options, name);
  return MapSegment(options.name, std::move(section), options.length, view);
}

Result<std::unique_ptr<Segment>> OpenSegment(const OpenOptions& options, const View& view) {
  // Nothing more than what the view needs: an object may grant this process reading alone.
  const DWORD rights = view.access == Access::kReadWrite ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
  Handle section = OpenSection(ToUtf16(options.name), rights);
  if (!section) {
    const DWORD error = GetLastError();
    return SystemFailure(CodeOf(error), "OpenFileMappingW", error);
  }
  auto length = MeasureSection(section);
  if (!length.ok()) return length.failure();
  return MapSegment(options.name, std::move(section), length.value(), view);
}

Result<bool> UnlinkSegment(const std::string&) { return Failure{"NOT_SUPPORTED", "", 0, ""}; }

}  // namespace memlane
