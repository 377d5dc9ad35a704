#include "security.h"

// clang-format off: the others need windows.h before them
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
// clang-format on

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "handle.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

constexpr char kSystem[] = "S-1-5-18";
constexpr char kAdministrators[] = "S-1-5-32-544";
constexpr char kEveryone[] = "S-1-1-0";

struct FreeLocal {
  void operator()(void* memory) const { LocalFree(memory); }
};

std::string TextOf(PSID sid) {
  wchar_t* text = nullptr;
  if (sid == nullptr || !ConvertSidToStringSidW(sid, &text)) return {};
  const std::unique_ptr<wchar_t, FreeLocal> owned(text);
  return ToUtf8(text);
}

// The permissions of an object. `present` is false under Wine if no process has set any.
struct Permissions {
  SecurityDescriptor descriptor;
  bool present;
  ACL* list;  // in the descriptor; a null pointer gives everybody every right
};

Result<Permissions> ReadPermissions(HANDLE object) {
  PSECURITY_DESCRIPTOR read = nullptr;
  const DWORD error =
      GetSecurityInfo(object, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr, nullptr, nullptr, &read);
  if (error != ERROR_SUCCESS) return SystemFailure("GetSecurityInfo", error);
  SecurityDescriptor descriptor(read);
  BOOL present = FALSE;
  BOOL defaulted;
  ACL* list = nullptr;
  if (!GetSecurityDescriptorDacl(read, &present, &list, &defaulted)) {
    return SystemFailure("GetSecurityDescriptorDacl", GetLastError());
  }
  return Permissions{std::move(descriptor), present != FALSE, list};
}

// Every kind of entry in a DACL begins with a header and a mask. In most kinds, the SID follows.
ACCESS_ALLOWED_ACE* EntryOf(ACL* list, DWORD index) {
  void* entry = nullptr;
  return GetAce(list, index, &entry) ? static_cast<ACCESS_ALLOWED_ACE*>(entry) : nullptr;
}

ACCESS_MASK SectionRights(ACCESS_MASK mask) {
  GENERIC_MAPPING mapping = {STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
                             STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE, STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE,
                             SECTION_ALL_ACCESS};
  MapGenericMask(&mask, &mapping);
  return mask;
}

bool IsDenial(BYTE type) {
  return type == ACCESS_DENIED_ACE_TYPE || type == ACCESS_DENIED_OBJECT_ACE_TYPE ||
         type == ACCESS_DENIED_CALLBACK_ACE_TYPE || type == ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE;
}

// Calls `grant(sid, mask)` for each entry that grants rights to the object itself.
template <typename Grant>
void ForEachGrant(ACL* list, Grant grant) {
  for (DWORD index = 0; index < list->AceCount; index++) {
    ACCESS_ALLOWED_ACE* entry = EntryOf(list, index);
    if (entry == nullptr || (entry->Header.AceFlags & INHERIT_ONLY_ACE) != 0) continue;
    const BYTE type = entry->Header.AceType;
    if (type != ACCESS_ALLOWED_ACE_TYPE && type != ACCESS_ALLOWED_CALLBACK_ACE_TYPE) continue;
    grant(static_cast<PSID>(&entry->SidStart), entry->Mask);
  }
}

// The SID that begins this kind of information about a token.
std::string TokenSid(HANDLE token, TOKEN_INFORMATION_CLASS kind) {
  alignas(TOKEN_USER) char buffer[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  DWORD length;
  if (!GetTokenInformation(token, kind, buffer, sizeof buffer, &length)) return {};
  return TextOf(*reinterpret_cast<PSID*>(buffer));
}

// This user, and the owner that this process gives its own objects: the administrators, if it runs elevated.
std::vector<std::string> ReadOwnSids() {
  HANDLE opened;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &opened)) return {};
  const Handle token(opened);
  return {TokenSid(token.get(), TokenUser), TokenSid(token.get(), TokenOwner)};
}

// The SIDs that a section grants any of `rights`, except those of trusted owners and of the section's own owner.
// Nothing if this process may not read the permissions.
std::optional<std::vector<std::string>> StrangersOf(HANDLE section, ACCESS_MASK rights) {
  auto permissions = ReadPermissions(section);
  const auto owner = OwnerOf(section);
  if (!permissions.ok() || !owner) return std::nullopt;
  std::vector<std::string> strangers;
  if (!permissions.value().present) return strangers;
  ACL* list = permissions.value().list;
  if (list == nullptr) return std::vector<std::string>{kEveryone};
  ForEachGrant(list, [&](PSID sid, ACCESS_MASK mask) {
    if ((SectionRights(mask) & rights) == 0) return;
    std::string text = TextOf(sid);
    if (!IsTrustedOwner(text) && text != *owner) strangers.push_back(std::move(text));
  });
  return strangers;
}

}  // namespace

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

SecurityDescriptor SecurityBeside(HANDLE section, const PeerRights& rights) {
  auto read = ReadPermissions(section);
  if (!read.ok() || !read.value().present) return SecurityDescriptor();
  ACL* list = read.value().list;
  for (DWORD index = 0; list != nullptr && index < list->AceCount; index++) {
    ACCESS_ALLOWED_ACE* entry = EntryOf(list, index);
    if (entry == nullptr) return SecurityDescriptor();
    const ACCESS_MASK section_rights = SectionRights(entry->Mask);
    // An entry that denies only writing must not deny what readers may do.
    const bool denies = IsDenial(entry->Header.AceType);
    ACCESS_MASK mask = 0;
    if ((section_rights & SECTION_MAP_WRITE) != 0) mask |= denies ? rights.writers & ~rights.readers : rights.writers;
    if ((section_rights & SECTION_MAP_READ) != 0) mask |= rights.readers;
    entry->Mask = mask;
  }
  return std::move(read.value().descriptor);
}

std::optional<std::string> OwnerOf(HANDLE object) {
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR read = nullptr;
  if (GetSecurityInfo(object, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr, nullptr, &read) !=
      ERROR_SUCCESS) {
    return std::nullopt;
  }
  const SecurityDescriptor descriptor(read);
  return TextOf(owner);
}

bool IsTrustedOwner(const std::string& sid) {
  static const std::vector<std::string> own = ReadOwnSids();
  return sid.empty() || sid == kSystem || sid == kAdministrators || std::find(own.begin(), own.end(), sid) != own.end();
}

PeerOwners::PeerOwners(HANDLE section) {
  const auto strangers = StrangersOf(section, SECTION_MAP_WRITE);
  const auto owner = OwnerOf(section);
  if (!strangers || !owner) return;
  any_ = !strangers->empty();
  section_owner_ = *owner;
}

std::optional<Failure> PeerOwners::Check(HANDLE object, const char* syscall) const {
  if (any_) return std::nullopt;
  const auto owner = OwnerOf(object);
  if (owner && (IsTrustedOwner(*owner) || *owner == section_owner_)) return std::nullopt;
  Failure failure = SystemFailure(syscall, ERROR_ACCESS_DENIED);
  if (owner) failure.owner = *owner;
  return failure;
}

std::optional<Failure> AdmitWaiters(HANDLE section) {
  const auto strangers = StrangersOf(section, SECTION_MAP_READ | SECTION_MAP_WRITE);
  if (!strangers || strangers->empty()) return std::nullopt;

  static std::mutex mutex;  // two workers must not change the permissions at once
  const std::lock_guard<std::mutex> lock(mutex);
  auto permissions = ReadPermissions(GetCurrentProcess());
  if (!permissions.ok()) return permissions.failure();
  ACL* old = permissions.value().list;
  if (old == nullptr) return std::nullopt;  // everybody has every right already

  std::vector<std::string> admitted;
  ForEachGrant(old, [&](PSID sid, ACCESS_MASK mask) {
    if ((mask & (SYNCHRONIZE | GENERIC_EXECUTE | GENERIC_ALL)) != 0) admitted.push_back(TextOf(sid));
  });
  std::vector<std::unique_ptr<void, FreeLocal>> missing;
  DWORD length = old->AclSize;
  for (const std::string& stranger : *strangers) {
    if (std::find(admitted.begin(), admitted.end(), stranger) != admitted.end()) continue;
    PSID sid = nullptr;
    if (!ConvertStringSidToSidW(ToUtf16(stranger).c_str(), &sid)) continue;
    missing.emplace_back(sid);
    length += static_cast<DWORD>(sizeof(ACCESS_ALLOWED_ACE)) + GetLengthSid(sid);
  }
  if (missing.empty()) return std::nullopt;

  std::vector<DWORD> buffer(length / sizeof(DWORD) + 1);
  ACL* list = reinterpret_cast<ACL*>(buffer.data());
  bool done = InitializeAcl(list, static_cast<DWORD>(buffer.size() * sizeof(DWORD)), old->AclRevision) != FALSE;
  for (DWORD index = 0; done && index < old->AceCount; index++) {
    ACCESS_ALLOWED_ACE* entry = EntryOf(old, index);
    done = entry != nullptr && AddAce(list, old->AclRevision, MAXDWORD, entry, entry->Header.AceSize);
  }
  for (const auto& sid : missing) {
    done = done && AddAccessAllowedAce(list, old->AclRevision, SYNCHRONIZE, sid.get());
  }
  if (!done) return SystemFailure("SYSTEM", "AddAce", GetLastError());
  const DWORD error = SetSecurityInfo(GetCurrentProcess(), SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, nullptr,
                                      nullptr, list, nullptr);
  if (error != ERROR_SUCCESS) return SystemFailure("SetSecurityInfo", error);
  return std::nullopt;
}

}  // namespace memlane
