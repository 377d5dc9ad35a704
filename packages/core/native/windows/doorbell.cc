// Bell n of the object X is the named auto-reset event X.bell.n. The event loop is told by a thread of the system's
// pool that waits for it (RegisterWaitForSingleObject), through libuv's one thread-safe call. From then on that thread
// takes the rings: it leaves each as a mark, which the event loop or a blocking wait takes, whoever comes first.

#include "../doorbell.h"

#include <algorithm>
#include <atomic>

#include "section.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

class WindowsDoorbell final : public Doorbell {
 public:
  explicit WindowsDoorbell(Handle event) : event_(std::move(event)) {}

  std::optional<Failure> Ring() override {
    if (SetEvent(event_.get())) return std::nullopt;
    return SystemFailure("SYSTEM", "SetEvent", GetLastError());
  }

  Result<bool> Wait(int64_t timeout_ms) override {
    const ULONGLONG start = GetTickCount64();
    const HANDLE events[] = {event_.get(), marked_.get()};
    for (;;) {
      const auto passed = static_cast<int64_t>(GetTickCount64() - start);
      const int64_t left = std::clamp<int64_t>(timeout_ms - passed, 0, INFINITE - 1);
      const DWORD limit = timeout_ms < 0 ? INFINITE : static_cast<DWORD>(left);
      const DWORD result = WaitForMultipleObjects(2, events, FALSE, limit);
      if (result == WAIT_OBJECT_0) return true;
      if (result == WAIT_TIMEOUT) return false;
      if (result == WAIT_FAILED) return SystemFailure("SYSTEM", "WaitForMultipleObjects", GetLastError());
      if (mark_.exchange(false)) return true;  // else the event loop has had it
    }
  }

  std::optional<Failure> Watch(uv_loop_t* loop, std::function<void()> rung) override {
    async_.data = this;
    rung_ = std::move(rung);
    const uv_async_cb take = [](uv_async_t* async) {
      auto* bell = static_cast<WindowsDoorbell*>(async->data);
      if (bell->mark_.exchange(false)) bell->rung_();
    };
    if (uv_async_init(loop, &async_, take) != 0) {
      return SystemFailure("SYSTEM", "uv_async_init", ERROR_NOT_ENOUGH_MEMORY);
    }
    watched_ = true;
    SetReferenced(false);
    const WAITORTIMERCALLBACK notify = [](PVOID context, BOOLEAN) {
      auto* bell = static_cast<WindowsDoorbell*>(context);
      bell->mark_ = true;
      SetEvent(bell->marked_.get());
      uv_async_send(&bell->async_);
    };
    if (RegisterWaitForSingleObject(&wait_, event_.get(), notify, this, INFINITE, WT_EXECUTEINWAITTHREAD)) {
      return std::nullopt;
    }
    return SystemFailure("SYSTEM", "RegisterWaitForSingleObject", GetLastError());
  }

  void SetReferenced(bool referenced) override {
    if (!watched_) return;
    auto* handle = reinterpret_cast<uv_handle_t*>(&async_);
    if (referenced) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  void Close(std::function<void()> closed) override {
    if (!watched_) return closed();
    watched_ = false;
    if (wait_ != nullptr) UnregisterWaitEx(wait_, INVALID_HANDLE_VALUE);  // returns when no notification is under way
    closed_ = std::move(closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), [](uv_handle_t* handle) {
      const auto closed = std::move(static_cast<WindowsDoorbell*>(handle->data)->closed_);
      closed();
    });
  }

 private:
  Handle event_;
  Handle marked_{CreateEventW(nullptr, FALSE, FALSE, nullptr)};
  std::atomic<bool> mark_{false};
  HANDLE wait_ = nullptr;
  uv_async_t async_ = {};
  bool watched_ = false;
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const std::wstring name = ToUtf16(segment.name() + ".bell." + std::to_string(number));
  Handle event(CreateEventW(nullptr, FALSE, FALSE, name.c_str()));
  const DWORD error = GetLastError();
  if (event) return std::unique_ptr<Doorbell>(std::make_unique<WindowsDoorbell>(std::move(event)));
  return SystemFailure(error == ERROR_ACCESS_DENIED ? "ACCESS_DENIED" : "SYSTEM", "CreateEventW", error);
}

}  // namespace memlane
