#include "../monotonic_clock.h"

#include <time.h>

namespace memlane {

double MonotonicMs() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);  // cannot fail: every POSIX system here has this clock
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace memlane
