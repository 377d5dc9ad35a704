// A thread that waits, in poll(2), until descriptors can be read. All event loops of the process share it.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

class WaitingThread {
 public:
  struct Wait {
    std::vector<int> descriptors;
    // Called on the waiting thread. It must not block, and must not call this class.
    std::function<void()> readable;
  };

  // Starts the thread if it does not run. It runs as long as somebody has the pointer.
  static Result<std::shared_ptr<WaitingThread>> OfProcess();

  WaitingThread() = default;
  WaitingThread(const WaitingThread&) = delete;
  // Blocks until the thread has ended.
  ~WaitingThread();

  // The thread calls `readable`, once, as soon as one of the descriptors can be read.
  void Begin(std::shared_ptr<const Wait> wait);

  // After that, the thread does not call `readable`. Does nothing if it has called it.
  void End(const std::shared_ptr<const Wait>& wait);

 private:
  std::optional<Failure> Start();
  void Wake();
  void Run();
  bool Remove(const std::shared_ptr<const Wait>& wait);

  Descriptor wake_;  // the ends of a pipe: a byte in it ends the thread's poll
  Descriptor woken_by_;
  pthread_t thread_ = {};
  bool started_ = false;
  std::mutex mutex_;  // of the members below
  std::vector<std::shared_ptr<const Wait>> waits_;
  bool ending_ = false;
};

}  // namespace memlane
