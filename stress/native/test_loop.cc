#include "test_loop.h"

#include <poll.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace {

struct Polled {
  uv_poll_t* poll;
  int fd;
  uv_poll_cb readable = nullptr;
  uv_close_cb closed = nullptr;
  bool referenced = true;
};

std::vector<Polled> polled;

Polled& Find(const void* handle) {
  return *std::find_if(polled.begin(), polled.end(), [=](const Polled& one) { return one.poll == handle; });
}

class Call final : public memlane::LoopCall {
 public:
  explicit Call(std::function<void()> called) : called_(std::move(called)) { all.push_back(this); }
  ~Call() override { all.erase(std::find(all.begin(), all.end(), this)); }
  void Request() override { requested_ = true; }
  void SetReferenced(bool referenced) override { referenced_ = referenced; }
  bool referenced() const { return referenced_; }

  // Calls a copy: the function may destroy this.
  void Answer() {
    if (!requested_.exchange(false)) return;
    const auto called = called_;
    called();
  }

  static std::vector<Call*> all;

 private:
  const std::function<void()> called_;
  std::atomic<bool> requested_{false};
  bool referenced_ = false;
};

std::vector<Call*> Call::all;

class TestLoop final : public memlane::EventLoop {
 public:
  explicit TestLoop(bool uv_poll) : uv_poll_(uv_poll) {}
  uv_loop_t* uv() const override { return nullptr; }
  bool has_uv_poll() const override { return uv_poll_; }
  memlane::Result<std::unique_ptr<memlane::LoopCall>> MakeCall(std::function<void()> called) override {
    return std::unique_ptr<memlane::LoopCall>(std::make_unique<Call>(std::move(called)));
  }

 private:
  const bool uv_poll_;
};

}  // namespace

int uv_poll_init(uv_loop_t*, uv_poll_t* handle, int fd) {
  polled.push_back({handle, fd});
  return 0;
}

int uv_poll_start(uv_poll_t* handle, int, uv_poll_cb callback) {
  Find(handle).readable = callback;
  return 0;
}

void uv_ref(uv_handle_t* handle) { Find(handle).referenced = true; }
void uv_unref(uv_handle_t* handle) { Find(handle).referenced = false; }
void uv_close(uv_handle_t* handle, uv_close_cb callback) { Find(handle).closed = callback; }

namespace memlane::test {

EventLoop& LoopOf(LoopKind kind) {
  static TestLoop with_uv_poll(true), without_uv_poll(false);
  return kind == LoopKind::kUvPoll ? with_uv_poll : without_uv_poll;
}

void TurnLoop() {
  const struct timespec at_once = {};
  for (const Polled& one : std::vector<Polled>(polled)) {
    struct pollfd ready = {one.fd, POLLIN, 0};
    // ppoll, because poll may be the call that the fault shim lets fail.
    if (one.closed == nullptr && ppoll(&ready, 1, &at_once, nullptr) == 1) one.readable(one.poll, 0, UV_READABLE);
  }
  for (Call* call : std::vector<Call*>(Call::all)) {
    if (std::find(Call::all.begin(), Call::all.end(), call) != Call::all.end()) call->Answer();
  }
  const auto kept = std::partition(polled.begin(), polled.end(), [](const Polled& one) { return !one.closed; });
  const std::vector<Polled> closed(kept, polled.end());
  polled.erase(kept, polled.end());
  for (const Polled& one : closed) one.closed(reinterpret_cast<uv_handle_t*>(one.poll));
}

bool LoopIsAlive() {
  const auto keeps_alive = [](const Polled& one) { return one.referenced || one.closed; };
  return std::any_of(polled.begin(), polled.end(), keeps_alive) ||
         std::any_of(Call::all.begin(), Call::all.end(), [](const Call* call) { return call->referenced(); });
}

}  // namespace memlane::test
