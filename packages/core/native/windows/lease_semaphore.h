// The lease of a slot as a named semaphore: see lease.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "../result.h"
#include "handle.h"
#include "security.h"

namespace memlane {

// The semaphore's count is the process id of the owner. Its maximum is that plus the number of the claim: a process can
// claim the same slot several times, and each claim needs an end event of its own.
struct Claim {
  uint32_t process_id;
  uint32_t number;
};

std::wstring LeaseName(const std::string& object_name, uint32_t slot);

// The event that the owner sets if it releases the slot before it ends.
std::wstring EndName(const std::wstring& lease_name, const Claim& claim);

// Nothing if there is no such semaphore. ACCESS_DENIED if it may not be read, or is not a peer's.
Result<std::optional<Claim>> ReadClaim(const std::wstring& lease_name, const PeerOwners& peers);

// The two objects that tell the end of a claim: its owner's process, and its end event.
struct ClaimEnd {
  Handle process;
  Handle event;
};

// Nothing if the claim has ended.
Result<std::optional<ClaimEnd>> OpenClaimEnd(const std::wstring& lease_name, const Claim& claim);

}  // namespace memlane
