// Clocks, percentiles, and the report of one process of a trial.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <cstdint>

inline int64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

// User and system time of this process.
inline int64_t processor_ns() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

// Counts durations by their logarithm, 128 steps per power of two. Each value is right within 1%.
class Histogram {
 public:
  void record(uint64_t value) {
    counts_[bucket(value)]++;
    total_++;
    sum_ += value;
  }

  double mean() const { return total_ == 0 ? 0 : static_cast<double>(sum_) / total_; }

  uint64_t percentile(double percent) const {
    uint64_t below = 0;
    for (uint32_t i = 0; i < kBuckets; i++) {
      below += counts_[i];
      if (below > 0 && below >= total_ * percent / 100) return lowest(i);
    }
    return 0;
  }

 private:
  static constexpr uint32_t kBuckets = 58 * 128;

  static uint32_t bucket(uint64_t value) {
    if (value < 128) return value;
    const uint32_t exponent = 63 - __builtin_clzll(value);
    return (exponent - 6) * 128 + (value >> (exponent - 7)) - 128;
  }

  static uint64_t lowest(uint32_t bucket) {
    if (bucket < 128) return bucket;
    return static_cast<uint64_t>(128 + bucket % 128) << (bucket / 128 - 1);
  }

  uint64_t counts_[kBuckets] = {};
  uint64_t total_ = 0;
  uint64_t sum_ = 0;
};

// The figures of this process between BEGIN and END. Round trips are in ns, and 0 if there were none.
struct Report {
  double messages;
  double seconds;
  double processor_ns;
  double block, mean, p50, p99, p999;
};

// Measures elapsed time and CPU time since its construction.
class Stopwatch {
 public:
  Report stop(double messages) const {
    return {messages, (now_ns() - start_) / 1e9, static_cast<double>(processor_ns() - processor_start_), 0, 0, 0, 0, 0};
  }

 private:
  int64_t start_ = now_ns();
  int64_t processor_start_ = processor_ns();
};
