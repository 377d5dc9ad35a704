// Measures round trips, for every program that makes some.
#pragma once

#include <unistd.h>

#include "content.h"
#include "measure.h"

// What a measurement of round trips needs to know of its trial.
struct RoundTripTimes {
  double warm_up_seconds;
  double seconds;
  double pause_ms;
};

// Measures round trips alternately in blocks of 64, with one read of the clock per block, and one by one. With a pause
// before each, measures them only one by one. src/roles/round-trips.ts does the same, except that it records durations
// later. The last trip is kEnd.
template <typename Trip>
Report measure_round_trips(const RoundTripTimes& times, Trip trip) {
  constexpr uint32_t kBlock = 64;
  uint32_t sequence = 0;
  const int64_t warm = now_ns() + static_cast<int64_t>(times.warm_up_seconds * 1e9);
  while (now_ns() < warm) trip(sequence++);
  static Histogram blocks, singles;
  const uint32_t first = sequence;
  const Stopwatch stopwatch;
  const int64_t end = now_ns() + static_cast<int64_t>(times.seconds * 1e9);
  while (now_ns() < end) {
    if (times.pause_ms == 0) {
      const int64_t start = now_ns();
      for (uint32_t i = 0; i < kBlock; i++) trip(sequence++);
      blocks.record(now_ns() - start);
    }
    for (uint32_t i = 0; i < (times.pause_ms == 0 ? kBlock : 1); i++) {
      if (times.pause_ms != 0) usleep(times.pause_ms * 1000);
      const int64_t start = now_ns();
      trip(sequence++);
      singles.record(now_ns() - start);
    }
  }
  Report report = stopwatch.stop(sequence - first);
  report.block = static_cast<double>(blocks.percentile(50)) / kBlock;
  report.mean = singles.mean();
  report.p50 = singles.percentile(50);
  report.p99 = singles.percentile(99);
  report.p999 = singles.percentile(99.9);
  trip(kEnd);
  return report;
}
