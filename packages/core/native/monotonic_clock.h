// The machine's monotonic clock: one clock for all processes, so that one process can tell the age of what another one
// wrote. The clocks of JavaScript count from the start of their process. One implementation per kind of system:
// posix/monotonic_clock.cc, windows/monotonic_clock.cc.
#pragma once

namespace memlane {

// Milliseconds since some moment before this process started, such as the start of the machine. Never goes back.
double MonotonicMs();

}  // namespace memlane
