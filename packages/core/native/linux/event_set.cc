// An epoll descriptor. A timer is a timerfd in it.

#include "../posix/event_set.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <map>

#include "../posix/system_failure.h"

namespace memlane {
namespace {

class EpollSet final : public EventSet {
 public:
  explicit EpollSet(Descriptor epoll) : epoll_(std::move(epoll)) {}

  const Descriptor& descriptor() const override { return epoll_; }

  std::optional<Failure> AddReadable(const Descriptor& source, uint64_t tag) override {
    return Add(source, EPOLLIN, tag);
  }

  // Asks for no events: epoll always reports EPOLLHUP, immediately if the owner has already closed the FIFO.
  std::optional<Failure> AddLease(const Descriptor& source, uint64_t tag) override { return Add(source, 0, tag); }

  // Closing the source is not enough: a child of this process may share the descriptor until it calls exec.
  void RemoveLease(const Descriptor& source) override { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source.get(), nullptr); }

  std::optional<Failure> SetTimer(uint64_t tag, int64_t ms) override {
    Descriptor& timer = timers_[tag];
    if (!timer.valid()) {
      Descriptor made(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
      if (!made.valid()) return SystemFailure("SYSTEM", "timerfd_create", errno);
      if (auto failure = Add(made, EPOLLIN, tag)) return failure;
      timer = std::move(made);
    }
    struct itimerspec when = {};
    when.it_value.tv_sec = ms / 1000;
    when.it_value.tv_nsec = ms == 0 ? 1 : ms % 1000 * 1'000'000;  // 0 and 0 would stop it
    if (timerfd_settime(timer.get(), 0, &when, nullptr) == 0) return std::nullopt;
    return SystemFailure("SYSTEM", "timerfd_settime", errno);
  }

  void StopTimer(uint64_t tag) override { timers_.erase(tag); }

  Result<std::vector<uint64_t>> Take() override {
    struct epoll_event events[16];
    const int count = epoll_wait(epoll_.get(), events, 16, 0);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "epoll_wait", errno);
    std::vector<uint64_t> tags;
    for (int i = 0; i < count; i++) {
      const uint64_t tag = events[i].data.u64;
      const auto timer = timers_.find(tag);
      if (timer != timers_.end()) {
        const auto is_over = TakeTime(timer->second);
        if (!is_over.ok()) return is_over.failure();
        if (!is_over.value()) continue;
      }
      tags.push_back(tag);
    }
    return tags;
  }

 private:
  std::optional<Failure> Add(const Descriptor& source, uint32_t events, uint64_t tag) {
    struct epoll_event event = {};
    event.events = events;
    event.data.u64 = tag;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, source.get(), &event) == 0) return std::nullopt;
    return SystemFailure("SYSTEM", "epoll_ctl", errno);
  }

  // False if the time is not over: another thread or an earlier event has taken it.
  Result<bool> TakeTime(const Descriptor& timer) {
    uint64_t times;
    if (read(timer.get(), &times, sizeof times) == sizeof times) return true;
    if (errno == EAGAIN || errno == EINTR) return false;
    return SystemFailure("SYSTEM", "read", errno);
  }

  const Descriptor epoll_;
  std::map<uint64_t, Descriptor> timers_;  // by tag
};

}  // namespace

Result<std::unique_ptr<EventSet>> MakeEventSet() {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return SystemFailure("SYSTEM", "epoll_create1", errno);
  return std::unique_ptr<EventSet>(new EpollSet(std::move(epoll)));
}

}  // namespace memlane
