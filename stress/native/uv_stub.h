// Node.js contains the few functions of libuv that posix/doorbell.cc calls. These stand in for them, enough for a loop
// of one thread.
#pragma once

namespace memlane::test {

// One turn of the loop: callbacks of readable descriptors, then of closed handles. Does not wait.
void TurnLoop();

// True if a handle keeps the loop alive.
bool LoopIsAlive();

}  // namespace memlane::test
