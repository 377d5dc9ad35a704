// Named shared memory on Windows: sections backed by the paging file. The kernel counts the handles and removes a
// section with its last one, however the holder ended. Windows charges every page to the commit limit at creation.

#include "../shared_memory.h"

#include <windows.h>

#include <algorithm>

#include "section.h"
#include "security.h"
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

// True if this process has the privilege to create sections under Global\.
bool MayCreateGlobal() {
  HANDLE opened;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &opened)) return true;  // unknown: do not blame the privilege
  const Handle token(opened);
  PRIVILEGE_SET wanted = {};
  wanted.PrivilegeCount = 1;
  wanted.Control = PRIVILEGE_SET_ALL_NECESSARY;
  BOOL granted;
  if (!LookupPrivilegeValueW(nullptr, L"SeCreateGlobalPrivilege", &wanted.Privilege[0].Luid)) return true;
  if (!PrivilegeCheck(token.get(), &wanted, &granted)) return true;
  return granted != FALSE;
}

// CreateFileMapping opens an existing section with every right. It can be denied although an opener may read.
bool CanBeOpened(const std::wstring& name) { return static_cast<bool>(OpenSection(name, FILE_MAP_READ)); }

Failure CreateFailure(DWORD error, const CreateOptions& options, const std::wstring& name) {
  if (IsOutOfMemory(error)) return NoSpace("CreateFileMappingW", error, options.length);
  const bool denied = error == ERROR_ACCESS_DENIED;
  if (denied && CanBeOpened(name)) return SystemFailure("ALREADY_EXISTS", "CreateFileMappingW", error);
  if (denied && name.rfind(L"Global\\", 0) == 0 && !MayCreateGlobal()) {
    return SystemFailure("PRIVILEGE_REQUIRED", "CreateFileMappingW", error);
  }
  return SystemFailure("CreateFileMappingW", error);
}

// Refuses a section that another user has made, because any user can take a name first.
std::optional<Failure> RefuseOwner(const Handle& section, const OpenOptions& options) {
  if (options.trust_any_owner) return std::nullopt;
  const auto owner = OwnerOf(section.get());
  const auto& trusted = options.trusted_sids;
  if (owner && IsTrustedOwner(*owner)) return std::nullopt;
  if (owner && std::find(trusted.begin(), trusted.end(), *owner) != trusted.end()) return std::nullopt;
  Failure failure = SystemFailure("GetSecurityInfo", ERROR_ACCESS_DENIED);
  if (owner) failure.owner = *owner;
  return failure;
}

}  // namespace

Result<std::unique_ptr<Segment>> CreateSegment(const CreateOptions& options, const View& view) {
  if (options.persistent) return SystemFailure("NOT_SUPPORTED", "CreateFileMappingW", ERROR_NOT_SUPPORTED);
  auto security = ParseSecurityDescriptor(options.security_descriptor);
  if (!security.ok()) return security.failure();

  const std::wstring name = ToUtf16(options.name);
  SECURITY_ATTRIBUTES attributes = security.value().attributes();
  SetLastError(ERROR_SUCCESS);  // success need not set it
  Handle section(CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE,
                                    static_cast<DWORD>(options.length >> 32),
                                    static_cast<DWORD>(options.length & 0xFFFFFFFF), name.c_str()));
  const DWORD error = GetLastError();
  if (!section || error == ERROR_ALREADY_EXISTS) return CreateFailure(error, options, name);
  return MapSegment(options.name, std::move(section), options.length, view);
}

Result<std::unique_ptr<Segment>> OpenSegment(const OpenOptions& options, const View& view) {
  // No more rights than the view needs: an object may let this process only read. READ_CONTROL: its owner is checked,
  // and its permissions are copied to bells and leases.
  const DWORD rights = view.access == Access::kReadWrite ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
  const std::wstring name = ToUtf16(options.name);
  Handle section = OpenSection(name, rights | READ_CONTROL);
  DWORD error = GetLastError();
  if (!section && error == ERROR_ACCESS_DENIED && options.trust_any_owner) {
    section = OpenSection(name, rights);
    error = GetLastError();
  }
  if (!section) return SystemFailure("OpenFileMappingW", error);
  if (auto failure = RefuseOwner(section, options)) return *failure;
  auto length = MeasureSection(section);
  if (!length.ok()) return length.failure();
  return MapSegment(options.name, std::move(section), length.value(), view);
}

Result<bool> UnlinkSegment(const std::string&) { return Failure{"NOT_SUPPORTED", "", 0, ""}; }

}  // namespace memlane
