// The kernel calls shared memory a section. Here are its two resources as values that let go of themselves: a handle,
// and a mapping of some of its bytes.
#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <utility>

#include "../result.h"
#include "../shared_memory.h"

namespace memlane {

class Handle {
 public:
  explicit Handle(HANDLE handle = nullptr) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() { Close(); }
  void Close() {
    if (handle_ != nullptr) CloseHandle(std::exchange(handle_, nullptr));
  }
  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  HANDLE handle_;
};

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
  size_t delta_;   // from what the system maps, on an allocation boundary, to the first byte that was asked for
  size_t length_;  // bytes from there on
};

// An empty handle when it fails; GetLastError() says why.
inline Handle OpenSection(const std::wstring& name, DWORD rights) {
  return Handle(OpenFileMappingW(rights, FALSE, name.c_str()));
}

// The bytes that a section has to offer, which its opener does not know: whole pages. `section` was opened to read.
Result<uint64_t> MeasureSection(const Handle& section);

// Maps a part of a section of `section_length` bytes.
Result<Mapping> MapSection(const Handle& section, uint64_t section_length, const View& view);

}  // namespace memlane
