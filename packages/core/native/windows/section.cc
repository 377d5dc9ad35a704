#include "section.h"

#include <algorithm>

#include "system_failure.h"

namespace memlane {
namespace {

uint64_t AllocationGranularity() {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return system.dwAllocationGranularity;
}

Failure MapFailure(DWORD error, uint64_t requested) {
  if (IsOutOfMemory(error)) return NoSpace("MapViewOfFile", error, requested);
  return SystemFailure(error == ERROR_ACCESS_DENIED ? "ACCESS_DENIED" : "SYSTEM", "MapViewOfFile", error);
}

DWORD DesiredAccess(Access access) {
  switch (access) {
    case Access::kRead:
      return FILE_MAP_READ;
    case Access::kCopy:
      return FILE_MAP_COPY;
    default:
      return FILE_MAP_READ | FILE_MAP_WRITE;
  }
}

}  // namespace

// Mapped whole and looked at: that needs no other right than to read, where NtQuerySection would need SECTION_QUERY. It
// takes addresses, but no memory. Only the committed pages count: a program may have made its section with SEC_RESERVE,
// and to touch what lies behind them would be fatal.
Result<uint64_t> MeasureSection(const Handle& section) {
  void* base = MapViewOfFile(section.get(), FILE_MAP_READ, 0, 0, 0);
  if (base == nullptr) return MapFailure(GetLastError(), 0);
  const Mapping whole(base, 0, 0);
  uint64_t length = 0;
  MEMORY_BASIC_INFORMATION region;
  while (VirtualQuery(whole.data() + length, &region, sizeof region) != 0 && region.AllocationBase == base &&
         region.State == MEM_COMMIT) {
    length += region.RegionSize;
  }
  return length;
}

Result<Mapping> MapSection(const Handle& section, uint64_t section_length, const View& view) {
  const uint64_t there = view.offset < section_length ? section_length - view.offset : 0;
  const uint64_t wanted = view.length.value_or(there);
  if (wanted == 0 || wanted > there) {
    // The number is MapViewOfFile's own answer to a view that is too large, which it does not tell from a missing
    // right.
    Failure failure = SystemFailure("TOO_SHORT", "MapViewOfFile", ERROR_ACCESS_DENIED);
    failure.requested = view.offset + std::max<uint64_t>(wanted, 1);
    failure.available = section_length;
    return failure;
  }
  const uint64_t delta = view.offset % AllocationGranularity();
  const uint64_t start = view.offset - delta;
  void* base = MapViewOfFile(section.get(), DesiredAccess(view.access), static_cast<DWORD>(start >> 32),
                             static_cast<DWORD>(start & 0xFFFFFFFF), static_cast<SIZE_T>(delta + wanted));
  if (base == nullptr) return MapFailure(GetLastError(), wanted);
  return Mapping(base, static_cast<size_t>(delta), static_cast<size_t>(wanted));
}

}  // namespace memlane
