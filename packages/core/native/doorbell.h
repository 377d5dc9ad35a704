// Wakes a waiting process from another process. A bell belongs to an object and has a number. Every process that opens
// the bell can ring it and wait for it. Rings are not counted: several rings before a wait wake the waiter once; on
// Windows, where a pool thread takes rings for the event loop, up to three times. Implementations: posix/doorbell.cc,
// windows/doorbell.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "event_loop.h"
#include "result.h"
#include "shared_memory.h"

namespace memlane {

class Doorbell {
 public:
  virtual ~Doorbell() = default;

  // Never blocks. If no thread waits, the ring is kept for the next wait.
  virtual std::optional<Failure> Ring() = 0;

  // Blocks. True if the bell rang, false if the time has passed. A negative time means no limit.
  virtual Result<bool> Wait(int64_t timeout_ms) = 0;

  // From now on it also rings, once, when the lease of a slot ends. IsLeased is false then, unless another segment has
  // claimed the slot. Does nothing if the slot is watched already. False if no segment has the slot: then nothing is
  // watched.
  virtual Result<bool> Watch(uint32_t slot) = 0;

  // The bell also rings by itself, once, after that time. Replaces the time of an earlier call.
  virtual std::optional<Failure> RingAfter(int64_t ms) = 0;

  // From now on calls `rung` on the loop's thread after rings. Call Attach once; after a failure, call it again.
  virtual std::optional<Failure> Attach(EventLoop& loop, std::function<void()> rung) = 0;

  // Whether being attached keeps the loop alive. At first it does not.
  virtual void SetReferenced(bool referenced) = 0;

  // Detaches the bell. Calls `closed` when the loop no longer uses it; immediately if it was not attached. The caller
  // must not destroy the doorbell before that.
  virtual void Close(std::function<void()> closed) = 0;
};

// NOT_READY: other processes are still removing the object's folder after 250 ms (POSIX).
Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number);

}  // namespace memlane
