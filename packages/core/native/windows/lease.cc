// Slot i of the object X is the named event X.lease.i: who created it has the slot, and the kernel removes it with the
// creator's handle. Nobody ever sets it or waits for it.

#include "../lease.h"

#include "section.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

class WindowsLease final : public Lease {
 public:
  explicit WindowsLease(Handle event) : event_(std::move(event)) {}

 private:
  Handle event_;
};

std::wstring EventName(const Segment& segment, uint32_t slot) {
  return ToUtf16(segment.name() + ".lease." + std::to_string(slot));
}

}  // namespace

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  SetLastError(ERROR_SUCCESS);  // success need not set it
  Handle event(CreateEventW(nullptr, FALSE, FALSE, EventName(segment, slot).c_str()));
  const DWORD error = GetLastError();
  // Denied: another user's, who has it all the same.
  if (error == ERROR_ALREADY_EXISTS || error == ERROR_ACCESS_DENIED) return std::unique_ptr<Lease>();
  if (!event) return SystemFailure("SYSTEM", "CreateEventW", error);
  return std::unique_ptr<Lease>(std::make_unique<WindowsLease>(std::move(event)));
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) {
  const Handle event(OpenEventW(SYNCHRONIZE, FALSE, EventName(segment, slot).c_str()));
  const DWORD error = GetLastError();
  if (event || error == ERROR_ACCESS_DENIED) return true;
  if (error == ERROR_FILE_NOT_FOUND) return false;
  return SystemFailure("SYSTEM", "OpenEventW", error);
}

}  // namespace memlane
