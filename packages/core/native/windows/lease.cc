// Slot i of the object X is the named section X.lease.i: who created it has the slot, and the kernel removes it with
// the creator's handle. Its one word tells whom to wait for: the owner's process, and an event that the owner sets when
// it releases the slot before its end.
//
// To read the word one has to open the section, which then stays for that moment, even if its owner goes just then:
// nobody can claim the slot meanwhile. So its being there does not prove that it is held: IsLeased looks for the owner,
// too.

#include "../lease.h"

#include <atomic>

#include "lease_section.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

using Word = std::atomic<Claim>;
static_assert(sizeof(Word) == sizeof(Claim) && Word::is_always_lock_free);

Failure FailureOf(const char* syscall, DWORD error) {
  return SystemFailure(error == ERROR_ACCESS_DENIED ? "ACCESS_DENIED" : "SYSTEM", syscall, error);
}

class WindowsLease final : public Lease {
 public:
  WindowsLease(Handle section, Mapping mapping, Handle end)
      : section_(std::move(section)), mapping_(std::move(mapping)), end_(std::move(end)) {}
  // Who is woken finds the slot free.
  ~WindowsLease() override {
    *reinterpret_cast<Word*>(mapping_.data()) = kEnded;
    mapping_.Unmap();
    section_.Close();
    SetEvent(end_.get());
  }

 private:
  Handle section_;
  Mapping mapping_;
  Handle end_;
};

}  // namespace

std::wstring LeaseName(const std::string& object_name, uint32_t slot) {
  return ToUtf16(object_name + ".lease." + std::to_string(slot));
}

std::wstring EndName(const std::wstring& lease_name, Claim claim) {
  return lease_name + L".end." + std::to_wstring(claim);
}

Result<Claim> ReadLease(const std::wstring& lease_name) {
  const Handle section = OpenSection(lease_name, FILE_MAP_READ);
  if (!section) {
    const DWORD error = GetLastError();
    if (error == ERROR_FILE_NOT_FOUND) return kEnded;
    return FailureOf("OpenFileMappingW", error);
  }
  auto mapping = MapSection(section, sizeof(Word), View{Access::kRead, 0, sizeof(Word)});
  if (!mapping.ok()) return mapping.failure();
  return reinterpret_cast<const Word*>(mapping.value().data())->load();
}

Result<Handle> OpenOwner(Claim claim) {
  Handle process(OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(claim)));
  const DWORD error = GetLastError();
  if (!process && error != ERROR_INVALID_PARAMETER) return FailureOf("OpenProcess", error);
  if (process && WaitForSingleObject(process.get(), 0) == WAIT_OBJECT_0) return Handle();
  return process;
}

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  const std::wstring name = LeaseName(segment.name(), slot);
  SetLastError(ERROR_SUCCESS);  // success need not set it
  Handle section(CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, sizeof(Word), name.c_str()));
  DWORD error = GetLastError();
  // Denied: another user's, who has it all the same.
  if (error == ERROR_ALREADY_EXISTS || error == ERROR_ACCESS_DENIED) return std::unique_ptr<Lease>();
  if (!section) return SystemFailure("SYSTEM", "CreateFileMappingW", error);
  auto mapping = MapSection(section, sizeof(Word), View{Access::kReadWrite, 0, sizeof(Word)});
  if (!mapping.ok()) return mapping.failure();

  // The next number as long as somebody has the event of an earlier claim open: that one has been set.
  for (Claim claim = GetCurrentProcessId();; claim += Claim{1} << 32) {
    SetLastError(ERROR_SUCCESS);
    Handle end(CreateEventW(nullptr, TRUE, FALSE, EndName(name, claim).c_str()));
    error = GetLastError();
    if (error == ERROR_ALREADY_EXISTS) continue;
    if (!end) return SystemFailure("SYSTEM", "CreateEventW", error);
    *reinterpret_cast<Word*>(mapping.value().data()) = claim;
    return std::unique_ptr<Lease>(
        std::make_unique<WindowsLease>(std::move(section), std::move(mapping.value()), std::move(end)));
  }
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) {
  auto claim = ReadLease(LeaseName(segment.name(), slot));
  if (claim.ok() && claim.value() == kEnded) return false;
  if (claim.ok() && claim.value() == kClaiming) return true;
  auto owner = claim.ok() ? OpenOwner(claim.value()) : claim.failure();
  if (owner.ok()) return static_cast<bool>(owner.value());
  if (owner.failure().os_code == ERROR_ACCESS_DENIED) return true;  // another user's
  return owner.failure();
}

std::optional<uint32_t> LeaseHolder(const Segment&, uint32_t) { return std::nullopt; }

}  // namespace memlane
