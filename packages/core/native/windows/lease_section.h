// The lease of a slot as Windows has it: see lease.cc.
#pragma once

#include <cstdint>
#include <string>

#include "../result.h"
#include "section.h"

namespace memlane {

// The one word of a lease's section names its claim: the owner's process id (low half), and which of its claims to the
// slot it is. Written by the owner alone.
using Claim = uint64_t;
constexpr Claim kClaiming = 0;        // the owner is about to write its own
constexpr Claim kEnded = UINT64_MAX;  // the owner has released it; so reads a section that is not there, too

std::wstring LeaseName(const std::string& object_name, uint32_t slot);

// The event that the owner sets when it releases the slot.
std::wstring EndName(const std::wstring& lease_name, Claim claim);

Result<Claim> ReadLease(const std::wstring& lease_name);

// The owner's process, to wait for its end. No handle when it has ended.
Result<Handle> OpenOwner(Claim claim);

}  // namespace memlane
