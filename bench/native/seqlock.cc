// A seqlock, the usual way of sharing a newest value between processes: one copy of the value, and a version that is
// odd while the writer writes. Measures the time of a read, idle or under a writer at full rate, and the time of a
// write. Arguments: payload=BYTES work=idle|contended|write seconds=S. Up to 64 bytes are summed where they lie, more
// bytes are copied.

#include <cstring>

#include "arguments.h"
#include "processes.h"

namespace {

struct Seqlock {
  alignas(128) std::atomic<uint32_t> version;
  alignas(128) double value[1];
};

// As in memlane's trial: every read and write touches all bytes.
void write(Seqlock* lock, const double* value, uint32_t doubles) {
  const uint32_t version = lock->version.load(std::memory_order_relaxed);
  lock->version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  if (doubles <= 8) {
    for (uint32_t i = 0; i < doubles; i++) const_cast<volatile double*>(lock->value)[i] = value[i];
  } else {
    memcpy(lock->value, value, doubles * sizeof(double));
  }
  lock->version.store(version + 2, std::memory_order_release);
}

double read(const Seqlock* lock, double* copy, uint32_t doubles) {
  for (;;) {
    const uint32_t before = lock->version.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    double sum = 0;
    if (doubles <= 8) {
      for (uint32_t i = 0; i < doubles; i++) sum += const_cast<const volatile double*>(lock->value)[i];
    } else {
      memcpy(copy, lock->value, doubles * sizeof(double));
      asm volatile("" ::"r"(copy) : "memory");
      sum = copy[0];
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (lock->version.load(std::memory_order_relaxed) == before) return sum;
  }
}

template <typename Work>
Report repeat(double seconds, Work work) {
  const auto run = [&](double limit) {
    const Stopwatch stopwatch;
    double count = 0;
    const int64_t end = now_ns() + static_cast<int64_t>(limit * 1e9);
    do {
      for (int i = 0; i < 1000; i++) work();
      count += 1000;
    } while (now_ns() < end);
    return stopwatch.stop(count);
  };
  run(seconds / 5);
  return run(seconds);
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(count, values);
  const uint32_t doubles = arguments.whole("payload") / sizeof(double);
  const double seconds = arguments.number("seconds");
  const std::string& work = arguments.text("work");
  const size_t length = sizeof(Seqlock) + doubles * sizeof(double);
  std::vector<double> own(doubles, 1.5);
  volatile double sink = 0;
  const auto reading = [&](uint8_t* memory) {
    const auto* lock = reinterpret_cast<const Seqlock*>(memory);
    return repeat(seconds, [&] { sink = read(lock, own.data(), doubles); });
  };
  const auto writing = [&](uint8_t* memory, double limit) {
    auto* lock = reinterpret_cast<Seqlock*>(memory);
    return repeat(limit, [&] { write(lock, own.data(), doubles); });
  };
  const auto none = [](uint8_t*, uint32_t) { return Report{}; };
  if (work == "idle") {
    run_processes(length, 0, reading, none);
  } else if (work == "write") {
    run_processes(length, 0, [&](uint8_t* memory) { return writing(memory, seconds); }, none);
  } else {
    // The hub reads. The spoke writes for longer than that.
    run_processes(length, 1, reading, [&](uint8_t* memory, uint32_t) { return writing(memory, seconds * 1.5); });
  }
}
