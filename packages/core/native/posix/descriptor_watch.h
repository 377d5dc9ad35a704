// Calls functions on the thread of an event loop when descriptors can be read. libuv does that (uv_poll_init). If the
// runtime's libuv cannot, as in Bun, the waiting thread does (waiting_thread.h).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "../event_loop.h"
#include "../result.h"

namespace memlane {

// A descriptor, and the function to call when it can be read. The function reads it until it is empty; otherwise the
// loop calls the function again. It may also be called when there is nothing to read.
struct WatchedDescriptor {
  int descriptor;
  std::function<void()> readable;
};

class DescriptorWatch {
 public:
  virtual ~DescriptorWatch() = default;

  // Whether it keeps the loop alive. At first it does not.
  virtual void SetReferenced(bool referenced) = 0;

  // Ends the watch; then no function is called. Calls `closed` when the loop no longer uses the watch. The caller must
  // not destroy it before that, and may close the descriptors at once.
  virtual void Close(std::function<void()> closed) = 0;
};

Result<std::unique_ptr<DescriptorWatch>> WatchDescriptors(EventLoop& loop, std::vector<WatchedDescriptor> watched);

}  // namespace memlane
