// A ring of records in shared memory with one writer and some readers: the algorithm of packages/protocol/src/lane/.
//
//   record    8-byte aligned: commit word (length * 8 + kind), sequence word, payload
//   publish   a zero into the commit word behind the record, then one release store of the record's own commit word
//   limit     the writer loads the readers' positions only when it has used up the room that it knew of; a reader
//             stores its position once per eighth of the capacity
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

constexpr uint32_t kMaxReaders = 8;
constexpr uint32_t kHeaderLength = 8;
constexpr uint32_t kMessage = 1;
constexpr uint32_t kPadding = 2;

inline uint32_t record_length(uint32_t payload) { return kHeaderLength + ((payload + 7) & ~7u); }

// The position of each reader, in wrapping bytes. Each has two cache lines of its own.
struct Positions {
  struct alignas(128) Position {
    std::atomic<uint32_t> value;
  };
  Position of[kMaxReaders];
};

struct Ring {
  Positions* positions;
  uint8_t* data;
  uint32_t capacity;  // a power of two

  std::atomic<uint32_t>& word(uint32_t index) const { return *reinterpret_cast<std::atomic<uint32_t>*>(data + index); }
};

class Writer {
 public:
  Writer(Ring ring, uint32_t reader_count) : ring_(ring), reader_count_(reader_count), limit_(ring.capacity) {}

  // Returns the place for the payload, or nullptr if there is no room now.
  uint8_t* claim(uint32_t payload) {
    const uint32_t size = record_length(payload);
    uint32_t index = position_ & (ring_.capacity - 1);
    const uint32_t to_end = ring_.capacity - index;
    const uint32_t padding = size > to_end ? to_end : 0;
    const uint32_t needed = padding + size + kHeaderLength;
    if (limit_ - position_ < needed) {
      limit_ = limit();
      if (limit_ - position_ < needed) return nullptr;
    }
    if (padding != 0) {
      publish(index, padding, (padding - kHeaderLength) << 3 | kPadding);
      index = 0;
    }
    return ring_.data + index + kHeaderLength;
  }

  void commit(uint32_t payload) {
    const uint32_t index = position_ & (ring_.capacity - 1);
    ring_.word(index + 4).store(sequence_++, std::memory_order_relaxed);
    publish(index, record_length(payload), payload << 3 | kMessage);
  }

 private:
  void publish(uint32_t index, uint32_t size, uint32_t commit) {
    position_ += size;
    ring_.word(position_ & (ring_.capacity - 1)).store(0, std::memory_order_relaxed);
    // SYNC: pairs with the load in Reader::next; prevents the record from being seen before its bytes.
    ring_.word(index).store(commit, std::memory_order_release);
  }

  uint32_t limit() const {
    uint32_t used = 0;
    for (uint32_t reader = 0; reader < reader_count_; reader++) {
      // SYNC: pairs with the store in Reader::next; prevents overwriting a message that is being read.
      used = std::max(used, position_ - ring_.positions->of[reader].value.load(std::memory_order_acquire));
    }
    return position_ - used + ring_.capacity;
  }

  Ring ring_;
  uint32_t reader_count_;
  uint32_t position_ = 0;
  uint32_t sequence_ = 0;
  uint32_t limit_;
};

class Reader {
 public:
  Reader(Ring ring, uint32_t reader) : ring_(ring), published_(&ring.positions->of[reader].value) {}

  // Returns the next message, which is valid until the next call, or nullptr if there is none yet.
  const uint8_t* next() {
    if (position_ - last_published_ >= ring_.capacity / 8) {
      last_published_ = position_;
      // SYNC: pairs with the load in Writer::limit.
      published_->store(position_, std::memory_order_release);
    }
    for (;;) {
      const uint32_t index = position_ & (ring_.capacity - 1);
      // SYNC: pairs with the store in Writer::publish.
      const uint32_t commit = ring_.word(index).load(std::memory_order_acquire);
      if (commit == 0) return nullptr;
      position_ += record_length(commit >> 3);
      if ((commit & 3) == kMessage) return ring_.data + index + kHeaderLength;
    }
  }

 private:
  Ring ring_;
  std::atomic<uint32_t>* published_;
  uint32_t position_ = 0;
  uint32_t last_published_ = 0;
};
