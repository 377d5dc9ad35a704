// The content of message number i, the same for every peer in every language. src/roles/content.ts is this file's twin.
//
//    0  u32  sequence    i; BEGIN comes before the first measured message, END after the last
//    4  u32  complement  ~i
//    8  f64  first       i
//   16  f64  second      i / 2
//   24  u32  third       i + 1, wrapping
//   28  u32  fourth      i ^ 0x55555555
//   32  body             the rest of the payload: bytes of the pattern, from byte 8 * (i mod 64) on
//
// Byte k of the pattern is letter number (k * 2654435761 mod 2^32) / 2^26 of the base64 alphabet. The producer writes
// the fields one by one and copies the body. The consumer compares every field and every byte. The twin explains why
// the pattern begins in the middle of a page.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

constexpr uint32_t kBegin = 0xfffffffe;
constexpr uint32_t kEnd = 0xffffffff;

struct Fields {
  uint32_t sequence;
  uint32_t complement;
  double first;
  double second;
  uint32_t third;
  uint32_t fourth;
};
static_assert(sizeof(Fields) == 32);

class Content {
 public:
  // `touch`: only the first 8 bytes of a message are written and read. They are its number.
  explicit Content(uint32_t payload, bool touch = false)
      : touch_(touch),
        body_length_(payload - sizeof(Fields)),
        pages_(1 + (kPatternOffset + body_length_ + 8 * 64) / sizeof(Page)) {
    char* pattern = pages_.front().bytes + kPatternOffset;
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint32_t k = 0; k < body_length_ + 8 * 64; k++) pattern[k] = kAlphabet[(k * 2654435761u) >> 26];
  }

  void write(uint8_t* message, uint32_t sequence) const {
    if (touch_) {
      const uint64_t number = sequence;
      memcpy(message, &number, sizeof(number));
      return;
    }
    auto* fields = reinterpret_cast<Fields*>(message);
    fields->sequence = sequence;
    fields->complement = ~sequence;
    fields->first = sequence;
    fields->second = sequence / 2.0;
    fields->third = sequence + 1;
    fields->fourth = sequence ^ 0x55555555;
    if (body_length_ != 0) memcpy(message + sizeof(Fields), body(sequence), body_length_);
  }

  // Returns the message's number. Ends the program if anything in the message is wrong.
  uint32_t check(const uint8_t* message) const {
    if (touch_) {
      uint64_t number;
      memcpy(&number, message, sizeof(number));
      return number;
    }
    const auto* fields = reinterpret_cast<const Fields*>(message);
    const uint32_t sequence = fields->sequence;
    if (fields->complement != ~sequence || fields->first != sequence || fields->second != sequence / 2.0 ||
        fields->third != sequence + 1 || fields->fourth != (sequence ^ 0x55555555) ||
        (body_length_ != 0 && memcmp(message + sizeof(Fields), body(sequence), body_length_) != 0)) {
      fprintf(stderr, "message %u is torn\n", sequence);
      exit(1);
    }
    return sequence;
  }

 private:
  struct alignas(4096) Page {
    char bytes[4096];
  };
  static constexpr uint32_t kPatternOffset = 2048;

  const char* body(uint32_t sequence) const { return pages_.front().bytes + kPatternOffset + 8 * (sequence % 64); }

  bool touch_;
  uint32_t body_length_;
  std::vector<Page> pages_;
};
