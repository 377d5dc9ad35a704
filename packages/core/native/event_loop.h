// The event loop of a JavaScript environment, as the platform folders see it. One implementation, on Node-API:
// node_api/node_event_loop.h.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

#include "result.h"

namespace memlane {

// Makes the event loop call a function. Destroy it on the loop's thread: after that, the function is not called.
class LoopCall {
 public:
  virtual ~LoopCall() = default;

  // On any thread; never blocks. The loop calls the function soon, on its own thread. The caller makes no second
  // request before that call.
  virtual void Request() = 0;

  // Whether it keeps the loop alive. At first it does not.
  virtual void SetReferenced(bool referenced) = 0;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;

  // libuv's loop. Null if the runtime has none.
  virtual uv_loop_t* uv() const = 0;

  // Whether libuv can watch descriptors for that loop (uv_poll_init).
  virtual bool has_uv_poll() const = 0;

  virtual Result<std::unique_ptr<LoopCall>> MakeCall(std::function<void()> called) = 0;
};

}  // namespace memlane
