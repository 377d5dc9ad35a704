// Bell n of the object X is the named auto-reset event X.bell.n. A thread of the system's pool waits for the event
// (RegisterWaitForSingleObject) and tells the event loop through uv_async_send, the one libuv function that any thread
// may call. From Attach() on, that thread takes the rings. It leaves each ring as a mark. The event loop or a blocking
// wait takes the mark, whichever comes first. The end of a watched lease leaves a mark, too.

#include "../doorbell.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "lease_semaphore.h"
#include "security.h"
#include "system_failure.h"
#include "utf16.h"

namespace memlane {
namespace {

constexpr DWORD kRing = SYNCHRONIZE | EVENT_MODIFY_STATE;

// How long to wait before the next check of a slot whose claim has ended while its name is still there: a process holds
// the semaphore open. Usually that takes some microseconds, but the process can hold it open for any time.
constexpr int64_t kNextLookMs = 20;

// Calls back, on a thread of the pool, when an object is signalled. After End(), no call is running.
class PoolWait {
 public:
  PoolWait() = default;
  PoolWait(const PoolWait&) = delete;
  ~PoolWait() { End(); }
  std::optional<Failure> Start(const Handle& object, WAITORTIMERCALLBACK notify, void* context, ULONG flags) {
    constexpr ULONG kShort = WT_EXECUTEINWAITTHREAD;  // all callbacks here are short
    if (RegisterWaitForSingleObject(&wait_, object.get(), notify, context, INFINITE, kShort | flags)) return {};
    return SystemFailure("SYSTEM", "RegisterWaitForSingleObject", GetLastError());
  }
  void End() {
    if (wait_ != nullptr) UnregisterWaitEx(std::exchange(wait_, nullptr), INVALID_HANDLE_VALUE);
  }

 private:
  HANDLE wait_ = nullptr;
};

// Calls back, on a thread of the pool, after a time. After End(), no call is running.
class PoolTimer {
 public:
  PoolTimer() = default;
  PoolTimer(const PoolTimer&) = delete;
  ~PoolTimer() { End(); }
  // Each call needs the same function and context, and replaces the time that an earlier call set.
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
  WindowsDoorbell(std::string object_name, PeerOwners peers, Handle event, Handle marked)
      : object_name_(std::move(object_name)),
        peers_(std::move(peers)),
        event_(std::move(event)),
        marked_(std::move(marked)) {}

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
      if (TakeMark()) return true;  // otherwise the event loop has taken it
    }
  }

  Result<bool> Watch(uint32_t slot) override {
    if (watched_.count(slot) != 0) return true;
    const std::wstring name = LeaseName(object_name_, slot);
    auto claim = ReadClaim(name, peers_);
    if (!claim.ok()) return claim.failure();
    if (!claim.value()) return false;
    auto end = OpenClaimEnd(name, *claim.value());
    if (!end.ok()) return end.failure();
    if (!end.value()) {  // the name remains for a moment: makes the caller check again
      if (auto failure = next_look_.Start(kNextLookMs, OnTime, this)) return *failure;
      return true;
    }
    auto watch = std::make_unique<LeaseWatch>(this, std::move(*end.value()));
    if (auto failure = watch->Start()) return *failure;
    watched_[slot] = std::move(watch);
    return true;
  }

  std::optional<Failure> RingAfter(int64_t ms) override { return timer_.Start(ms, OnTime, this); }

  std::optional<Failure> Attach(EventLoop& loop, std::function<void()> rung) override {
    rung_ = std::move(rung);
    const uv_async_cb take = [](uv_async_t* async) {
      auto* bell = static_cast<WindowsDoorbell*>(async->data);
      if (bell->TakeMark()) bell->rung_();
    };
    if (!attached_) {
      if (uv_async_init(loop.uv(), &async_, take) != 0) {
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
    next_look_.End();
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
    LeaseWatch(WindowsDoorbell* bell, ClaimEnd end) : bell_(bell), end_(std::move(end)) {}
    std::optional<Failure> Start() {
      const auto notify = [](PVOID context, BOOLEAN) {
        auto* watch = static_cast<LeaseWatch*>(context);
        watch->over_ = true;
        watch->bell_->Mark();
      };
      if (auto failure = owner_died_.Start(end_.process, notify, this, WT_EXECUTEONLYONCE)) return failure;
      return released_.Start(end_.event, notify, this, WT_EXECUTEONLYONCE);
    }
    bool over() const { return over_; }

   private:
    WindowsDoorbell* const bell_;
    const ClaimEnd end_;
    std::atomic<bool> over_{false};
    PoolWait owner_died_;
    PoolWait released_;
  };

  static void CALLBACK OnTime(PTP_CALLBACK_INSTANCE, PVOID context, PTP_TIMER) {
    static_cast<WindowsDoorbell*>(context)->Mark();
  }

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
  const PeerOwners peers_;
  const Handle event_;
  const Handle marked_;
  std::atomic<bool> mark_{false};
  std::map<uint32_t, std::unique_ptr<LeaseWatch>> watched_;  // by slot
  PoolWait rings_;
  PoolTimer timer_;
  PoolTimer next_look_;
  uv_async_t async_ = {};
  std::atomic<bool> attached_{false};
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const auto section = reinterpret_cast<HANDLE>(segment.handle());
  PeerOwners peers(section);
  const SecurityDescriptor security = SecurityBeside(section, {kRing | READ_CONTROL, 0});
  SECURITY_ATTRIBUTES attributes = security.attributes();
  const std::wstring name = ToUtf16(segment.name() + ".bell." + std::to_string(number));
  // READ_CONTROL: the owner is checked if only trusted owners may make a bell.
  const DWORD rights = peers.any() ? kRing : kRing | READ_CONTROL;
  Handle event(CreateEventExW(&attributes, name.c_str(), 0, rights));
  if (!event) return SystemFailure("CreateEventExW", GetLastError());
  if (auto failure = peers.Check(event.get(), "CreateEventExW")) return *failure;
  Handle marked(CreateEventW(nullptr, FALSE, FALSE, nullptr));
  if (!marked) return SystemFailure("SYSTEM", "CreateEventW", GetLastError());
  return std::unique_ptr<Doorbell>(
      std::make_unique<WindowsDoorbell>(segment.name(), std::move(peers), std::move(event), std::move(marked)));
}

}  // namespace memlane
