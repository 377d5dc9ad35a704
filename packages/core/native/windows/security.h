// Permissions: who may use memory, and who may use the objects beside it (bells and leases).
#pragma once

#include <windows.h>

#include <optional>
#include <string>
#include <utility>

#include "../result.h"

namespace memlane {

// A security descriptor that frees itself. An empty one leaves the permissions to the token of the process.
class SecurityDescriptor {
 public:
  explicit SecurityDescriptor(PSECURITY_DESCRIPTOR descriptor = nullptr) : descriptor_(descriptor) {}
  SecurityDescriptor(SecurityDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  ~SecurityDescriptor() { LocalFree(descriptor_); }
  PSECURITY_DESCRIPTOR get() const { return descriptor_; }
  // For a call that creates an object, and for no longer than this descriptor lives.
  SECURITY_ATTRIBUTES attributes() const { return {sizeof(SECURITY_ATTRIBUTES), descriptor_, FALSE}; }

 private:
  PSECURITY_DESCRIPTOR descriptor_;
};

// Reads SDDL. An empty text gives an empty descriptor.
Result<SecurityDescriptor> ParseSecurityDescriptor(const std::string& sddl);

// The rights to an object beside the memory, for everybody with the right to write the memory, and for everybody with
// the right to read it.
struct PeerRights {
  ACCESS_MASK writers;
  ACCESS_MASK readers;
};

// The descriptor for an object beside a section: the section's own permissions, translated. Empty if this process may
// not read those (its handle of the section lacks READ_CONTROL).
SecurityDescriptor SecurityBeside(HANDLE section, const PeerRights& rights);

// The SID of an object's owner. Empty if the object has none (only under Wine); nothing if this process may not
// read it.
std::optional<std::string> OwnerOf(HANDLE object);

// True for this user, for the owner that this process gives its own objects, for administrators and for the system.
bool IsTrustedOwner(const std::string& sid);

// Decides whose bells and leases are accepted for a section: those of every account that may write the section. The
// owner can be checked only if all these accounts are trusted owners. The check matters, because every user can create
// events and semaphores under Global\.
class PeerOwners {
 public:
  explicit PeerOwners(HANDLE section);
  // True if accounts other than trusted owners may write the section, or if this process cannot tell.
  bool any() const { return any_; }
  // The failure if a stranger has made `object`; the handle needs READ_CONTROL.
  std::optional<Failure> Check(HANDLE object, const char* syscall) const;

 private:
  bool any_ = true;
  std::string section_owner_;
};

// Gives every account with a right to the section the right to wait for the end of this process (SYNCHRONIZE), and no
// other right. Changes nothing if only trusted owners have a right to the section.
std::optional<Failure> AdmitWaiters(HANDLE section);

}  // namespace memlane
