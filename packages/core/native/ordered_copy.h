// Copies between shared memory and private memory, for heaps that cannot show shared memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace memlane {

namespace ordered_copy {

// Copies whole words, each at once: no word is torn if both sides are aligned alike.
template <typename Word>
size_t CopyWords(uint8_t* to, const uint8_t* from, size_t length) {
  size_t copied = 0;
  for (; length - copied >= sizeof(Word); copied += sizeof(Word)) {
    const auto* source = reinterpret_cast<const std::atomic<Word>*>(from + copied);
    auto* target = reinterpret_cast<std::atomic<Word>*>(to + copied);
    target->store(source->load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  return copied;
}

template <typename Word>
bool AreAligned(const uint8_t* to, const uint8_t* from) {
  return (reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % sizeof(Word) == 0;
}

}  // namespace ordered_copy

// Aligned words of 8 and 4 bytes are never torn.
inline void CopyOrdered(uint8_t* to, const uint8_t* from, size_t length) {
  using namespace ordered_copy;
  // SYNC: pairs with the fences of another CopyOrdered, and with the atomic accesses of memory/atomics.ts; prevents the
  // copy from being older or newer than the version words that the caller copies before and after it.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  size_t copied = 0;
  if (AreAligned<uint64_t>(to, from)) copied = CopyWords<uint64_t>(to, from, length);
  if (AreAligned<uint32_t>(to + copied, from + copied)) {
    copied += CopyWords<uint32_t>(to + copied, from + copied, length - copied);
  }
  CopyWords<uint8_t>(to + copied, from + copied, length - copied);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace memlane
