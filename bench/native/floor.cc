// The C++ floor: the best that two processes can do through shared memory on this machine. Runs one trial, chosen by
// arguments of the form key=value (src/trial.ts explains them), and prints its reports as JSON.

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>

#include "arguments.h"
#include "processes.h"
#include "ring.h"
#include "round_trips.h"

namespace {

struct Trial {
  std::string variant;
  std::string workload;
  uint32_t spokes;
  uint32_t payload;
  uint32_t capacity;
  double warm_up_seconds;
  double seconds;
  double messages;  // if not 0: ends a one-way trial after this many messages
  double pause_ms;

  RoundTripTimes times() const { return {warm_up_seconds, seconds, pause_ms}; }
};

int64_t ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits between two polls. One pause leaves the cache line with the other side for long enough (0 to 64 were tried).
// After some tens of microseconds, it yields the CPU to other programs.
class Backoff {
 public:
  void wait() {
    cpu_relax();
    if (++waits_ > 2000) sched_yield();
  }
  void reset() { waits_ = 0; }

 private:
  int waits_ = 0;
};

// Sends numbered messages: some for the warm-up, BEGIN, the measured ones, END.
template <typename Send>
Report produce(const Trial& trial, Send send) {
  // The number of messages between two reads of the clock, minus 1.
  const uint32_t clock_mask = trial.payload >= 65536 ? 15 : trial.payload >= 1024 ? 63 : 1023;
  uint32_t sequence = 0;
  const int64_t warm = now_ns() + ns(trial.warm_up_seconds);
  while ((sequence & clock_mask) != 0 || now_ns() < warm) send(sequence++);
  const uint32_t first = sequence;
  send(kBegin);
  const Stopwatch stopwatch;
  if (trial.messages > 0) {
    for (uint32_t left = trial.messages; left > 0; left--) send(sequence++);
  } else {
    const int64_t end = now_ns() + ns(trial.seconds);
    while ((sequence & clock_mask) != 0 || now_ns() < end) send(sequence++);
  }
  const Report report = stopwatch.stop(sequence - first);
  send(kEnd);
  return report;
}

// Checks the order of each producer's messages, and measures from the last BEGIN to the first END.
class Tally {
 public:
  explicit Tally(uint32_t producers) : next_(producers, 0) {}

  void take(uint32_t producer, uint32_t sequence) {
    if (sequence == next_[producer]) {
      next_[producer]++;
    } else if (sequence == kBegin) {
      if (++begun_ != next_.size()) return;
      received_before_ = received();
      stopwatch_ = Stopwatch();
    } else if (sequence == kEnd) {
      if (ended_++ == 0) report_ = stopwatch_.stop(received() - received_before_);
    } else {
      fprintf(stderr, "message %u came in place of %u\n", sequence, next_[producer]);
      exit(1);
    }
  }

  bool ended() const { return ended_ == next_.size(); }
  const Report& report() const { return report_; }

 private:
  uint64_t received() const {
    uint64_t sum = 0;
    for (const uint32_t count : next_) sum += count;
    return sum;
  }

  std::vector<uint32_t> next_;
  uint32_t begun_ = 0;
  uint32_t ended_ = 0;
  uint64_t received_before_ = 0;
  Stopwatch stopwatch_;
  Report report_ = {};
};

// In place: a message is written and checked where it lies in the ring. Copy: in the process's own memory.
template <bool kCopy>
class RingSender {
 public:
  RingSender(Ring ring, uint32_t readers, uint32_t payload, bool touch = false)
      : writer_(ring, readers), content_(payload, touch), payload_(payload), own_(payload) {}

  void send(uint32_t sequence) {
    uint8_t* message;
    while ((message = writer_.claim(payload_)) == nullptr) backoff_.wait();
    backoff_.reset();
    if constexpr (kCopy) {
      content_.write(own_.data(), sequence);
      memcpy(message, own_.data(), payload_);
    } else {
      content_.write(message, sequence);
    }
    writer_.commit(payload_);
  }

 private:
  Writer writer_;
  Content content_;
  uint32_t payload_;
  std::vector<uint8_t> own_;
  Backoff backoff_;
};

template <bool kCopy>
class RingReceiver {
 public:
  RingReceiver(Ring ring, uint32_t reader, uint32_t payload, bool touch = false)
      : reader_(ring, reader), content_(payload, touch), payload_(payload), own_(payload) {}

  // Returns false if there is no message. Ends the program if one is wrong.
  bool try_receive(uint32_t& sequence) {
    const uint8_t* message = reader_.next();
    if (message == nullptr) return false;
    if constexpr (kCopy) {
      memcpy(own_.data(), message, payload_);
      message = own_.data();
    }
    sequence = content_.check(message);
    return true;
  }

 private:
  Reader reader_;
  Content content_;
  uint32_t payload_;
  std::vector<uint8_t> own_;
};

// Rings begin at the start of a page, as lanes do.
constexpr size_t kRingOffset = 4096;
static_assert(sizeof(Positions) <= kRingOffset);

size_t ring_length(uint32_t capacity) { return kRingOffset + capacity; }

Ring ring_at(uint8_t* memory, uint32_t capacity, uint32_t index) {
  uint8_t* start = memory + index * ring_length(capacity);
  return {reinterpret_cast<Positions*>(start), start + kRingOffset, capacity};
}

template <bool kCopy>
Report consume(const Trial& trial, uint8_t* memory, uint32_t rings, uint32_t reader) {
  std::vector<RingReceiver<kCopy>> receivers;
  for (uint32_t i = 0; i < rings; i++) {
    receivers.emplace_back(ring_at(memory, trial.capacity, i), reader, trial.payload, trial.workload == "touch");
  }
  Tally tally(rings);
  Backoff backoff;
  while (!tally.ended()) {
    bool empty = true;
    for (uint32_t i = 0; i < rings; i++) {
      uint32_t sequence;
      for (int taken = 0; taken < 64 && receivers[i].try_receive(sequence); taken++) {
        tally.take(i, sequence);
        empty = false;
      }
    }
    if (empty) {
      backoff.wait();
    } else {
      backoff.reset();
    }
  }
  return tally.report();
}

// One ring with a reader in each spoke.
template <bool kCopy>
void fan_out(const Trial& trial) {
  run_processes(
      ring_length(trial.capacity), trial.spokes,
      [&](uint8_t* memory) {
        RingSender<kCopy> sender(ring_at(memory, trial.capacity, 0), trial.spokes, trial.payload,
                                 trial.workload == "touch");
        return produce(trial, [&](uint32_t sequence) { sender.send(sequence); });
      },
      [&](uint8_t* memory, uint32_t index) { return consume<kCopy>(trial, memory, 1, index); });
}

// One ring per spoke. The spoke is its writer.
void fan_in(const Trial& trial) {
  run_processes(
      trial.spokes * ring_length(trial.capacity), trial.spokes,
      [&](uint8_t* memory) { return consume<false>(trial, memory, trial.spokes, 0); },
      [&](uint8_t* memory, uint32_t index) {
        RingSender<false> sender(ring_at(memory, trial.capacity, index), 1, trial.payload);
        return produce(trial, [&](uint32_t sequence) { sender.send(sequence); });
      });
}

// One word in one cache line: the hub stores a number, and the spoke answers by storing its complement.
template <typename Wait, typename Wake>
void word_round_trip(const Trial& trial, Wait wait_while, Wake wake) {
  run_processes(
      128, 1,
      [&](uint8_t* memory) {
        auto& word = *reinterpret_cast<std::atomic<uint32_t>*>(memory);
        return measure_round_trips(trial.times(), [&](uint32_t sequence) {
          const uint32_t request = sequence == kEnd ? kEnd : sequence << 2 | 1;
          word.store(request, std::memory_order_release);
          wake(word);
          if (sequence != kEnd) {
            wait_while(word, request);
            if (word.load() != request + 1) fail("the answer is wrong");
          }
        });
      },
      [&](uint8_t* memory, uint32_t) {
        auto& word = *reinterpret_cast<std::atomic<uint32_t>*>(memory);
        const Stopwatch stopwatch;
        uint32_t count = 0;
        for (uint32_t last = 0;; count++) {
          wait_while(word, last);
          const uint32_t request = word.load(std::memory_order_acquire);
          if (request == kEnd) break;
          last = request + 1;
          word.store(last, std::memory_order_release);
          wake(word);
        }
        return stopwatch.stop(count);
      });
}

// One cache line goes back and forth: nothing between two processes is faster.
void line_round_trip(const Trial& trial) {
  word_round_trip(
      trial,
      [](std::atomic<uint32_t>& word, uint32_t old) {
        while (word.load(std::memory_order_acquire) == old) {
        }
      },
      [](std::atomic<uint32_t>&) {});
}

// Both sleep in the kernel between messages.
void futex_round_trip(const Trial& trial) {
  word_round_trip(
      trial,
      [](std::atomic<uint32_t>& word, uint32_t old) {
        while (word.load(std::memory_order_acquire) == old) syscall(SYS_futex, &word, FUTEX_WAIT, old, nullptr);
      },
      [](std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE, 1); });
}

// Two rings. Both sides poll without a pause, which is best for latency.
template <bool kCopy>
void ring_round_trip(const Trial& trial) {
  const auto receive = [](RingReceiver<kCopy>& receiver) {
    uint32_t sequence;
    while (!receiver.try_receive(sequence)) {
    }
    return sequence;
  };
  run_processes(
      2 * ring_length(trial.capacity), 1,
      [&](uint8_t* memory) {
        RingSender<kCopy> requests(ring_at(memory, trial.capacity, 0), 1, trial.payload);
        RingReceiver<kCopy> replies(ring_at(memory, trial.capacity, 1), 0, trial.payload);
        return measure_round_trips(trial.times(), [&](uint32_t sequence) {
          requests.send(sequence);
          if (receive(replies) != sequence) fail("the answer is wrong");
        });
      },
      [&](uint8_t* memory, uint32_t) {
        RingReceiver<kCopy> requests(ring_at(memory, trial.capacity, 0), 0, trial.payload);
        RingSender<kCopy> replies(ring_at(memory, trial.capacity, 1), 1, trial.payload);
        const Stopwatch stopwatch;
        for (uint32_t next = 0;; next++) {
          const uint32_t sequence = receive(requests);
          replies.send(sequence);
          if (sequence == kEnd) return stopwatch.stop(next);
          if (sequence != next) fail("the order is wrong");
        }
      });
}

// Copies between two buffers of one process: no message can pass through memory faster.
void copy(const Trial& trial) {
  std::vector<uint8_t> from(trial.payload), to(trial.payload);
  const Content content(trial.payload);
  run_processes(
      0, 0,
      [&](uint8_t*) {
        content.write(from.data(), 1);
        const Report report = produce(trial, [&](uint32_t) {
          memcpy(to.data(), from.data(), trial.payload);
          asm volatile("" ::"r"(to.data()) : "memory");  // keeps the copy from being optimised away
        });
        content.check(to.data());
        return report;
      },
      [](uint8_t*, uint32_t) { return Report{}; });
}

Trial parse(const Arguments& arguments) {
  return {arguments.text("variant"),   arguments.text("workload"),   arguments.whole("spokes"),
          arguments.whole("payload"),  arguments.whole("capacity"),  arguments.number("warmUpSeconds"),
          arguments.number("seconds"), arguments.number("messages"), arguments.number("pauseMs")};
}

}  // namespace

int main(int count, char** arguments) {
  const Trial trial = parse(Arguments(count, arguments));
  const std::map<std::string, void (*)(const Trial&)> programs = {
      {"throughput: memcpy", copy},
      {"throughput: ring in place", fan_out<false>},
      {"throughput: ring with copy", fan_out<true>},
      {"fan-out: ring in place", fan_out<false>},
      {"capacity: ring in place", fan_out<false>},
      {"capacity: ring with copy", fan_out<true>},
      {"touch: ring in place", fan_out<false>},
      {"endurance: ring in place", fan_out<false>},
      {"fan-in: ring in place", fan_in},
      {"round-trip: one cache line", line_round_trip},
      {"round-trip: ring in place", ring_round_trip<false>},
      {"round-trip: ring with copy", ring_round_trip<true>},
      {"parked: futex", futex_round_trip},
  };
  programs.at(trial.workload + ": " + trial.variant)(trial);
  return 0;
}
