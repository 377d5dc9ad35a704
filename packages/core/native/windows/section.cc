#include "section.h"

#include <algorithm>

#include "system_failure.h"

namespace memlane {
namespace {

SYSTEM_INFO ReadSystemInfo() {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return system;
}

Failure MapFailure(DWORD error, uint64_t requested) {
  if (IsOutOfMemory(error)) return NoSpace("MapViewOfFile", error, requested);
  return SystemFailure("MapViewOfFile", error);
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

// Maps the whole section and asks for the length of that mapping. This needs only the right to read, while
// NtQuerySection would need SECTION_QUERY. The mapping takes addresses but no memory. Only committed pages count: the
// creator of a section may have used SEC_RESERVE, and an access to a reserved page would end the process.
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
  const uint64_t available = view.offset < section_length ? section_length - view.offset : 0;
  const uint64_t wanted = view.length.value_or(available);
  if (wanted == 0 || wanted > available) {
    // MapViewOfFile says ERROR_ACCESS_DENIED for a view that is too large, as for a missing right. Keep that number.
    Failure failure = SystemFailure("TOO_SHORT", "MapViewOfFile", ERROR_ACCESS_DENIED);
    failure.requested = view.offset + std::max<uint64_t>(wanted, 1);
    failure.available = section_length;
    return failure;
  }
  const SYSTEM_INFO system = ReadSystemInfo();
  const uint64_t delta = view.offset % system.dwAllocationGranularity;
  const uint64_t start = view.offset - delta;
  const auto map = [&](uint64_t length) {
    return MapViewOfFile(section.get(), DesiredAccess(view.access), static_cast<DWORD>(start >> 32),
                         static_cast<DWORD>(start & 0xFFFFFFFF), static_cast<SIZE_T>(length));
  };
  void* base = map(delta + wanted);
  // A section over a file can end in the middle of its last page. Windows then refuses any length beyond that end, but
  // length 0 maps the last page whole.
  const bool reaches_last_page = view.offset + wanted + system.dwPageSize > section_length;
  if (base == nullptr && GetLastError() == ERROR_ACCESS_DENIED && reaches_last_page) base = map(0);
  if (base == nullptr) return MapFailure(GetLastError(), wanted);
  return Mapping(base, static_cast<size_t>(delta), static_cast<size_t>(wanted));
}

}  // namespace memlane
