// The lease of slot i of the object X is the named semaphore X.lease.i. The process that creates the semaphore has the
// slot. The kernel removes the semaphore with the last handle, and the owner has the only handle that stays open.
//
// Why a semaphore: it carries two numbers from the moment of its creation on. No process can change them, because no
// process gets the right to (SEMAPHORE_MODIFY_STATE). The numbers tell other processes which owner and which claim to
// wait for. A section could carry more, but only administrators and services may create sections under Global\.
//
// A process that reads the numbers opens the semaphore, which keeps it in place for that moment, even if its owner ends
// just then. Meanwhile no process can claim the slot. So the presence of the semaphore proves nothing: IsLeased
// checks the owner, too.

#include "../lease.h"

#include "lease_semaphore.h"
#include "ntdll.h"
#include "security.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

constexpr ACCESS_MASK kQuery =
    0x0001 | READ_CONTROL;  // SEMAPHORE_QUERY_STATE of the driver kit; READ_CONTROL: its owner
constexpr uint32_t kMostClaims = 100'000;

struct SemaphoreBasicInformation {
  LONG count;
  LONG maximum;
};
using NtQuerySemaphore = NTSTATUS(NTAPI*)(HANDLE, int, void*, ULONG, ULONG*);

class WindowsLease final : public Lease {
 public:
  WindowsLease(Handle semaphore, Handle end) : semaphore_(std::move(semaphore)), end_(std::move(end)) {}
  // The semaphore goes first: a process that the event wakes can claim the slot.
  ~WindowsLease() override {
    semaphore_.Close();
    SetEvent(end_.get());
  }

 private:
  Handle semaphore_;
  Handle end_;
};

// Creates the end event of this process's next claim of a slot, and sets `claim` to that claim. A number whose event
// exists is not used: some process still watches that earlier claim, or has taken the name.
Result<Handle> CreateEnd(const std::wstring& lease_name, const SecurityDescriptor& security, Claim* claim) {
  SECURITY_ATTRIBUTES attributes = security.attributes();
  DWORD error = ERROR_SUCCESS;
  *claim = {static_cast<uint32_t>(GetCurrentProcessId()), 0};
  for (; claim->number < kMostClaims; claim->number++) {
    SetLastError(ERROR_SUCCESS);  // success need not set it
    Handle end(CreateEventExW(&attributes, EndName(lease_name, *claim).c_str(), CREATE_EVENT_MANUAL_RESET,
                              EVENT_MODIFY_STATE));
    error = GetLastError();
    if (end && error != ERROR_ALREADY_EXISTS) return end;
    if (!end && error != ERROR_ACCESS_DENIED && error != ERROR_INVALID_HANDLE) break;
  }
  return SystemFailure("CreateEventExW", error);
}

// Nothing if no process holds the slot. A process that this one may not wait for counts as alive.
Result<std::optional<Claim>> ReadHeldClaim(const std::wstring& lease_name, const PeerOwners& peers) {
  auto claim = ReadClaim(lease_name, peers);
  if (!claim.ok() || !claim.value()) return claim;
  auto end = OpenClaimEnd(lease_name, *claim.value());
  if (!end.ok() && end.failure().os_code != ERROR_ACCESS_DENIED) return end.failure();
  if (end.ok() && !end.value()) return std::optional<Claim>();
  return claim;
}

HANDLE SectionOf(const Segment& segment) { return reinterpret_cast<HANDLE>(segment.handle()); }

}  // namespace

std::wstring LeaseName(const std::string& object_name, uint32_t slot) {
  return ToUtf16(object_name + ".lease." + std::to_string(slot));
}

std::wstring EndName(const std::wstring& lease_name, const Claim& claim) {
  return lease_name + L".end." + std::to_wstring(claim.process_id) + L"." + std::to_wstring(claim.number);
}

Result<std::optional<Claim>> ReadClaim(const std::wstring& lease_name, const PeerOwners& peers) {
  const Handle semaphore(OpenSemaphoreW(kQuery, FALSE, lease_name.c_str()));
  if (!semaphore) {
    const DWORD error = GetLastError();
    if (error == ERROR_FILE_NOT_FOUND) return std::optional<Claim>();
    return SystemFailure("OpenSemaphoreW", error);
  }
  if (auto failure = peers.Check(semaphore.get(), "OpenSemaphoreW")) return *failure;
  static const auto query = FromNtdll<NtQuerySemaphore>("NtQuerySemaphore");
  SemaphoreBasicInformation numbers = {};
  constexpr int kBasicInformation = 0;
  if (query == nullptr || query(semaphore.get(), kBasicInformation, &numbers, sizeof numbers, nullptr) != 0) {
    return SystemFailure("SYSTEM", "NtQuerySemaphore", ERROR_INVALID_FUNCTION);
  }
  const auto process_id = static_cast<uint32_t>(numbers.count);
  return std::optional<Claim>(Claim{process_id, static_cast<uint32_t>(numbers.maximum) - process_id});
}

Result<std::optional<ClaimEnd>> OpenClaimEnd(const std::wstring& lease_name, const Claim& claim) {
  Handle event(OpenEventW(SYNCHRONIZE, FALSE, EndName(lease_name, claim).c_str()));
  if (!event) {
    const DWORD error = GetLastError();
    if (error == ERROR_FILE_NOT_FOUND) return std::optional<ClaimEnd>();
    return SystemFailure("OpenEventW", error);
  }
  Handle process(OpenProcess(SYNCHRONIZE, FALSE, claim.process_id));
  if (!process) {
    const DWORD error = GetLastError();
    if (error == ERROR_INVALID_PARAMETER) return std::optional<ClaimEnd>();
    return SystemFailure("OpenProcess", error);
  }
  const auto is_over = [](const Handle& object) { return WaitForSingleObject(object.get(), 0) == WAIT_OBJECT_0; };
  if (is_over(event) || is_over(process)) return std::optional<ClaimEnd>();
  return std::optional<ClaimEnd>(ClaimEnd{std::move(process), std::move(event)});
}

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  const HANDLE section = SectionOf(segment);
  if (auto failure = AdmitWaiters(section)) return *failure;
  const std::wstring name = LeaseName(segment.name(), slot);
  Claim claim;
  auto end = CreateEnd(name, SecurityBeside(section, {SYNCHRONIZE, SYNCHRONIZE}), &claim);
  if (!end.ok()) return end.failure();

  const SecurityDescriptor security = SecurityBeside(section, {kQuery, kQuery});
  SECURITY_ATTRIBUTES attributes = security.attributes();
  const auto count = static_cast<LONG>(claim.process_id);
  const auto maximum = static_cast<LONG>(claim.process_id + claim.number);
  SetLastError(ERROR_SUCCESS);
  Handle semaphore(CreateSemaphoreExW(&attributes, count, maximum, name.c_str(), 0, kQuery));
  const DWORD error = GetLastError();
  const PeerOwners peers(section);
  if (semaphore && error != ERROR_ALREADY_EXISTS) {
    return std::unique_ptr<Lease>(std::make_unique<WindowsLease>(std::move(semaphore), std::move(end.value())));
  }
  if (semaphore) {
    if (auto failure = peers.Check(semaphore.get(), "CreateSemaphoreExW")) return *failure;
    return std::unique_ptr<Lease>();
  }
  if (error == ERROR_ACCESS_DENIED && peers.any()) return std::unique_ptr<Lease>();  // another user's process has it
  return SystemFailure("CreateSemaphoreExW", error);
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) {
  const PeerOwners peers(SectionOf(segment));
  auto claim = ReadHeldClaim(LeaseName(segment.name(), slot), peers);
  if (claim.ok()) return claim.value().has_value();
  if (claim.failure().os_code == ERROR_ACCESS_DENIED && peers.any()) return true;  // another user's process has it
  return claim.failure();
}

std::optional<uint32_t> LeaseHolder(const Segment& segment, uint32_t slot) {
  auto claim = ReadHeldClaim(LeaseName(segment.name(), slot), PeerOwners(SectionOf(segment)));
  if (!claim.ok() || !claim.value()) return std::nullopt;
  return claim.value()->process_id;
}

}  // namespace memlane
