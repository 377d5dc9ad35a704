// The kernel calls shared memory a section. This file opens, measures and maps sections.
#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <utility>

#include "../result.h"
#include "../shared_memory.h"
#include "handle.h"

namespace memlane {

// A mapped part of a section. It unmaps itself.
class Mapping {
 public:
  Mapping(void* base, size_t delta, size_t length) : base_(base), delta_(delta), length_(length) {}
  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), delta_(other.delta_), length_(other.length_) {}
  ~Mapping() { Unmap(); }
  void Unmap() {
    if (base_ != nullptr) UnmapViewOfFile(std::exchange(base_, nullptr));
  }
  uint8_t* data() const { return static_cast<uint8_t*>(base_) + delta_; }
  size_t length() const { return length_; }

 private:
  void* base_;
  size_t delta_;   // bytes from the start of the mapping, an allocation boundary, to the first byte of the view
  size_t length_;  // bytes of the view
};

// An empty handle if the call fails; GetLastError() says why.
inline Handle OpenSection(const std::wstring& name, DWORD rights) {
  return Handle(OpenFileMappingW(rights, FALSE, name.c_str()));
}

// The length of a section in bytes, rounded up to whole pages: an opener cannot see more exactly. `section` needs the
// right to read.
Result<uint64_t> MeasureSection(const Handle& section);

// Maps a part of a section that has `section_length` bytes by MeasureSection.
Result<Mapping> MapSection(const Handle& section, uint64_t section_length, const View& view);

}  // namespace memlane
