// Wakes a process that waits, across processes. A bell belongs to an object and has a number; whoever opens it can ring
// it and wait for it. Rings are not counted: several before the waiter comes wake it once; where a thread takes them
// for the event loop, up to three times. One implementation per folder: linux/doorbell.cc, windows/doorbell.cc.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "result.h"
#include "shared_memory.h"

namespace memlane {

class Doorbell {
 public:
  virtual ~Doorbell() = default;

  // Never blocks. A ring while nobody waits is kept for the next who does.
  virtual std::optional<Failure> Ring() = 0;

  // Blocks until it rings: true; or until the time has passed: false. Negative: without end.
  virtual Result<bool> Wait(int64_t timeout_ms) = 0;

  // From now on it also rings, once, when the lease of a slot ends; IsLeased is false by then, unless the slot was
  // claimed anew. A no-op while that is being watched already. False: nobody has the slot, and nothing is watched.
  virtual Result<bool> Watch(uint32_t slot) = 0;

  // It also rings by itself, once, in that time; what was asked before is forgotten.
  virtual std::optional<Failure> RingAfter(int64_t ms) = 0;

  // From now on calls `rung` on the loop's thread after rings. Once; after a failure again.
  virtual std::optional<Failure> Attach(uv_loop_t* loop, std::function<void()> rung) = 0;

  // Whether being attached keeps the loop alive. At first it does not.
  virtual void SetReferenced(bool referenced) = 0;

  // Detaches it. `closed` is called once the loop is done with it, at once when it was not attached; only then may the
  // doorbell be destroyed.
  virtual void Close(std::function<void()> closed) = 0;
};

// NOT_FOUND: the object has no name yet, or has lost it (Linux).
Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number);

}  // namespace memlane
