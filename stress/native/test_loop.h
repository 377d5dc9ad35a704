// An event loop of one thread, in place of that of Node.js: a few functions of libuv, and calls from other threads.
#pragma once

#include "event_loop.h"

namespace memlane::test {

enum class LoopKind { kUvPoll, kWaitingThread };

EventLoop& LoopOf(LoopKind kind);

// One turn of all loops: callbacks of readable descriptors, calls from other threads, then callbacks of closed handles.
// Does not wait.
void TurnLoop();

// True if a handle or a call keeps a loop alive.
bool LoopIsAlive();

}  // namespace memlane::test
