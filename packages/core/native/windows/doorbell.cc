// Bell n of the object X is the named auto-reset event X.bell.n. The event loop is told by a thread of the system's
// pool that waits for it (RegisterWaitForSingleObject), through libuv's one thread-safe call. From then on that thread
// takes the rings: it leaves each as a mark, which the event loop or a blocking wait takes, whoever comes first. The
// end of a lease that is watched is left as a mark, too.

#include "../doorbell.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "lease_section.h"
#include "section.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

// Calls back, on a thread of the pool, when an object is signalled. Once ended, no call is under way.
class PoolWait {
 public:
  PoolWait() = default;
  PoolWait(const PoolWait&) = delete;
  ~PoolWait() { End(); }
  std::optional<Failure> Start(const Handle& object, WAITORTIMERCALLBACK notify, void* context, ULONG flags) {
    constexpr ULONG kBriefly = WT_EXECUTEINWAITTHREAD;  // all callbacks here are
    if (RegisterWaitForSingleObject(&wait_, object.get(), notify, context, INFINITE, kBriefly | flags)) return {};
    return SystemFailure("SYSTEM", "RegisterWaitForSingleObject", GetLastError());
  }
  void End() {
    if (wait_ != nullptr) UnregisterWaitEx(std::exchange(wait_, nullptr), INVALID_HANDLE_VALUE);
  }

 private:
  HANDLE wait_ = nullptr;
};

// Calls back, on a thread of the pool, after a time. Once ended, no call is under way.
class PoolTimer {
 public:
  PoolTimer() = default;
  PoolTimer(const PoolTimer&) = delete;
  ~PoolTimer() { End(); }
  // Again: with the same function and context; the time that was set before is forgotten.
  std::optional<Failure> Start(int64_t ms, PTP_TIMER_CALLBACK notify, void* context) {
    if (timer_ == nullptr) timer_ = CreateThreadpoolTimer(notify, context, nullptr);
    if (timer_ == nullptr) return SystemFailure("SYSTEM", "CreateThreadpoolTimer", GetLastError());
    ULARGE_INTEGER due;
    due.QuadPart = static_cast<ULONGLONG>(-ms * 10'000);  // negative: from now on, in units of 100 ns
    FILETIME time = {due.LowPart, due.HighPart};
    SetThreadpoolTimer(timer_, &time, 0, 0);
    return std::nullopt;
  }
  void End() {
    if (timer_ == nullptr) return;
    SetThreadpoolTimer(timer_, nullptr, 0, 0);
    WaitForThreadpoolTimerCallbacks(timer_, TRUE);
    CloseThreadpoolTimer(std::exchange(timer_, nullptr));
  }

 private:
  PTP_TIMER timer_ = nullptr;
};

class WindowsDoorbell final : public Doorbell {
 public:
  WindowsDoorbell(std::string object_name, Handle event)
      : object_name_(std::move(object_name)), event_(std::move(event)) {}

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
      if (TakeMark()) return true;  // else the event loop has had it
    }
  }

  Result<bool> Watch(uint32_t slot) override {
    if (watched_.count(slot) != 0) return true;
    const std::wstring name = LeaseName(object_name_, slot);
    auto claim = ReadLease(name);
    if (!claim.ok()) return claim.failure();
    if (claim.value() == kEnded) return false;
    if (claim.value() == kClaiming) {  // it cannot be told yet whom to wait for: have the caller look again
      Mark();
      return true;
    }
    auto owner = OpenOwner(claim.value());
    if (!owner.ok()) return owner.failure();
    if (!owner.value()) return false;
    Handle end(OpenEventW(SYNCHRONIZE, FALSE, EndName(name, claim.value()).c_str()));
    const DWORD error = GetLastError();
    if (!end && error == ERROR_FILE_NOT_FOUND) return false;  // released meanwhile
    if (!end) return SystemFailure(error == ERROR_ACCESS_DENIED ? "ACCESS_DENIED" : "SYSTEM", "OpenEventW", error);

    auto watch = std::make_unique<LeaseWatch>(this, std::move(owner.value()), std::move(end));
    if (auto failure = watch->Start()) return *failure;
    watched_[slot] = std::move(watch);
    return true;
  }

  std::optional<Failure> RingAfter(int64_t ms) override {
    const auto notify = [](PTP_CALLBACK_INSTANCE, PVOID context, PTP_TIMER) {
      static_cast<WindowsDoorbell*>(context)->Mark();
    };
    return timer_.Start(ms, notify, this);
  }

  std::optional<Failure> Attach(uv_loop_t* loop, std::function<void()> rung) override {
    rung_ = std::move(rung);
    const uv_async_cb take = [](uv_async_t* async) {
      auto* bell = static_cast<WindowsDoorbell*>(async->data);
      if (bell->TakeMark()) bell->rung_();
    };
    if (!attached_) {
      if (uv_async_init(loop, &async_, take) != 0) {
        return SystemFailure("SYSTEM", "uv_async_init", ERROR_NOT_ENOUGH_MEMORY);
      }
      async_.data = this;
      attached_ = true;
      SetReferenced(false);
      if (mark_) uv_async_send(&async_);
    }
    const auto notify = [](PVOID context, BOOLEAN) { static_cast<WindowsDoorbell*>(context)->Mark(); };
    return rings_.Start(event_, notify, this, WT_EXECUTEDEFAULT);
  }

  void SetReferenced(bool referenced) override {
    if (!attached_) return;
    auto* handle = reinterpret_cast<uv_handle_t*>(&async_);
    if (referenced) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  void Close(std::function<void()> closed) override {
    watched_.clear();
    timer_.End();
    rings_.End();
    if (!attached_) return closed();
    attached_ = false;
    closed_ = std::move(closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), [](uv_handle_t* handle) {
      const auto closed = std::move(static_cast<WindowsDoorbell*>(handle->data)->closed_);
      closed();
    });
  }

 private:
  class LeaseWatch {
   public:
    LeaseWatch(WindowsDoorbell* bell, Handle owner, Handle end)
        : bell_(bell), owner_(std::move(owner)), end_(std::move(end)) {}
    std::optional<Failure> Start() {
      const auto notify = [](PVOID context, BOOLEAN) {
        auto* watch = static_cast<LeaseWatch*>(context);
        watch->over_ = true;
        watch->bell_->Mark();
      };
      if (auto failure = owner_died_.Start(owner_, notify, this, WT_EXECUTEONLYONCE)) return failure;
      return released_.Start(end_, notify, this, WT_EXECUTEONLYONCE);
    }
    bool over() const { return over_; }

   private:
    WindowsDoorbell* const bell_;
    const Handle owner_;
    const Handle end_;
    std::atomic<bool> over_{false};
    PoolWait owner_died_;
    PoolWait released_;
  };

  // On any thread.
  void Mark() {
    mark_ = true;
    SetEvent(marked_.get());
    if (attached_) uv_async_send(&async_);
  }

  bool TakeMark() {
    if (!mark_.exchange(false)) return false;
    for (auto watched = watched_.begin(); watched != watched_.end();) {
      watched = watched->second->over() ? watched_.erase(watched) : std::next(watched);
    }
    return true;
  }

  const std::string object_name_;
  const Handle event_;
  const Handle marked_{CreateEventW(nullptr, FALSE, FALSE, nullptr)};
  std::atomic<bool> mark_{false};
  std::map<uint32_t, std::unique_ptr<LeaseWatch>> watched_;  // by slot
  PoolWait rings_;
  PoolTimer timer_;
  uv_async_t async_ = {};
  std::atomic<bool> attached_{false};
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const std::wstring name = ToUtf16(segment.name() + ".bell." + std::to_string(number));
  Handle event(CreateEventW(nullptr, FALSE, FALSE, name.c_str()));
  const DWORD error = GetLastError();
  if (event) return std::unique_ptr<Doorbell>(std::make_unique<WindowsDoorbell>(segment.name(), std::move(event)));
  return SystemFailure(error == ERROR_ACCESS_DENIED ? "ACCESS_DENIED" : "SYSTEM", "CreateEventW", error);
}

}  // namespace memlane
