// A mapped part of a file.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../shared_memory.h"
#include "descriptor.h"

namespace memlane {

class Mapping {
 public:
  Mapping() = default;
  Mapping(void* base, size_t base_length, size_t delta) : base_(base), base_length_(base_length), delta_(delta) {}
  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), base_length_(other.base_length_), delta_(other.delta_) {}
  ~Mapping() { Unmap(); }
  void Unmap() {
    if (base_ != nullptr) munmap(std::exchange(base_, nullptr), base_length_);
  }
  uint8_t* data() const { return static_cast<uint8_t*>(base_) + delta_; }
  size_t length() const { return base_length_ - delta_; }
  size_t base_length() const { return base_length_; }
  size_t delta() const { return delta_; }

 private:
  void* base_ = nullptr;
  size_t base_length_ = 0;
  size_t delta_ = 0;  // from the page's start to the view's first byte
};

inline int ProtectionOf(Access access) { return access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE; }
inline int SharingOf(Access access) { return access == Access::kCopy ? MAP_PRIVATE : MAP_SHARED; }

// TOO_SHORT if the view reaches beyond the end of the object.
Result<Mapping> Map(const Descriptor& descriptor, uint64_t object_length, const View& view);

}  // namespace memlane
