#include "descriptor_watch.h"

#include <optional>
#include <utility>

#include "system_failure.h"
#include "waiting_thread.h"

namespace memlane {
namespace {

class UvWatch final : public DescriptorWatch {
 public:
  explicit UvWatch(std::vector<WatchedDescriptor> watched) : watched_(std::move(watched)), polls_(watched_.size()) {}

  // After a failure, the caller must close the watch.
  std::optional<Failure> Start(uv_loop_t* loop) {
    for (const WatchedDescriptor& source : watched_) {
      Poll& poll = polls_[open_];
      if (const int error = uv_poll_init(loop, &poll.handle, source.descriptor)) {
        return SystemFailure("SYSTEM", "uv_poll_init", -error);
      }
      open_++;
      poll.watch = this;
      poll.readable = &source.readable;
      poll.handle.data = &poll;
      uv_poll_start(&poll.handle, UV_READABLE,
                    [](uv_poll_t* handle, int, int) { (*static_cast<Poll*>(handle->data)->readable)(); });
      uv_unref(HandleOf(poll));
    }
    return std::nullopt;
  }

  void SetReferenced(bool referenced) override {
    if (referenced) {
      uv_ref(HandleOf(polls_[0]));
    } else {
      uv_unref(HandleOf(polls_[0]));
    }
  }

  void Close(std::function<void()> closed) override {
    if (open_ == 0) return closed();
    closed_ = std::move(closed);
    for (size_t i = 0, open = open_; i < open; i++) {
      uv_close(HandleOf(polls_[i]), [](uv_handle_t* handle) {
        UvWatch* watch = static_cast<Poll*>(handle->data)->watch;
        if (--watch->open_ != 0) return;
        const auto closed = std::move(watch->closed_);
        closed();
      });
    }
  }

 private:
  struct Poll {
    uv_poll_t handle;
    UvWatch* watch;
    const std::function<void()>* readable;
  };

  static uv_handle_t* HandleOf(Poll& poll) { return reinterpret_cast<uv_handle_t*>(&poll.handle); }

  const std::vector<WatchedDescriptor> watched_;
  std::vector<Poll> polls_;  // of watched_; libuv has the addresses of the handles
  size_t open_ = 0;          // how many of polls_ libuv has
  std::function<void()> closed_;
};

// The thread finds that a descriptor can be read, and stops to wait for this watch. The loop reads, then makes the
// thread wait again.
class ThreadWatch final : public DescriptorWatch {
 public:
  explicit ThreadWatch(std::vector<WatchedDescriptor> watched) : watched_(std::move(watched)) {}

  std::optional<Failure> Start(EventLoop& loop) {
    auto call = loop.MakeCall([this] { Read(); });
    if (!call.ok()) return call.failure();
    auto thread = WaitingThread::OfProcess();
    if (!thread.ok()) return thread.failure();
    call_ = std::move(call.value());
    thread_ = std::move(thread.value());
    auto wait = std::make_shared<WaitingThread::Wait>();
    for (const WatchedDescriptor& source : watched_) wait->descriptors.push_back(source.descriptor);
    wait->readable = [call = call_.get()] { call->Request(); };
    wait_ = std::move(wait);
    thread_->Begin(wait_);
    return std::nullopt;
  }

  void SetReferenced(bool referenced) override { call_->SetReferenced(referenced); }

  void Close(std::function<void()> closed) override {
    thread_->End(wait_);
    closed_ = std::move(closed);
    if (!reading_) Closed();
  }

 private:
  // The functions may call Close().
  void Read() {
    reading_ = true;
    for (const WatchedDescriptor& source : watched_) {
      if (!closed_) source.readable();
    }
    reading_ = false;
    if (closed_) return Closed();
    thread_->Begin(wait_);
  }

  // `closed` may destroy this.
  void Closed() {
    call_.reset();  // the loop may still have a request
    const auto closed = std::move(closed_);
    closed();
  }

  const std::vector<WatchedDescriptor> watched_;
  std::unique_ptr<LoopCall> call_;
  std::shared_ptr<WaitingThread> thread_;
  std::shared_ptr<const WaitingThread::Wait> wait_;
  bool reading_ = false;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<DescriptorWatch>> WatchDescriptors(EventLoop& loop, std::vector<WatchedDescriptor> watched) {
  if (!loop.has_uv_poll()) {
    auto watch = std::make_unique<ThreadWatch>(std::move(watched));
    if (auto failure = watch->Start(loop)) return *failure;
    return std::unique_ptr<DescriptorWatch>(std::move(watch));
  }
  auto watch = std::make_unique<UvWatch>(std::move(watched));
  if (auto failure = watch->Start(loop.uv())) {
    UvWatch* failed = watch.release();
    failed->Close([failed] { delete failed; });
    return *failure;
  }
  return std::unique_ptr<DescriptorWatch>(std::move(watch));
}

}  // namespace memlane
