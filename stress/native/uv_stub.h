// The few functions of libuv that linux/doorbell.cc calls live in Node.js. Here are others, enough for a loop of one
// thread.
#pragma once

namespace memlane::test {

// Goes round the loop once: calls back for what is readable, then for what has been closed. Does not wait.
void TurnLoop();

// Whether something keeps the loop alive.
bool LoopIsAlive();

}  // namespace memlane::test
