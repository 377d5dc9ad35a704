#include "memory_barrier.h"

#include <atomic>
#include <thread>

#include "check.h"

using namespace memlane;

// Two threads each store a word, then load the other's. Without a barrier both may load the old value. The barrier of
// the rare side is enough for both.
TEST("a barrier on one side orders the store of the other side before its load") {
  if (!RegisterForMemoryBarriers()) return;
  constexpr int kRounds = 500;
  std::atomic<int> often{0}, rare{0}, arrived{0};
  int often_saw = 0, rare_saw = 0;
  const auto meet = [&](int round) {
    arrived++;
    while (arrived < 2 * round) std::this_thread::yield();
  };
  std::thread publisher([&] {
    for (int round = 1; round <= kRounds; round++) {
      meet(2 * round - 1);
      often.store(round, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      often_saw = rare.load(std::memory_order_relaxed);
      meet(2 * round);
    }
  });
  for (int round = 1; round <= kRounds; round++) {
    meet(2 * round - 1);
    rare.store(round, std::memory_order_relaxed);
    CHECK(GlobalMemoryBarrier());
    rare_saw = often.load(std::memory_order_relaxed);
    meet(2 * round);
    CHECK(often_saw == round || rare_saw == round);
  }
  publisher.join();
}
