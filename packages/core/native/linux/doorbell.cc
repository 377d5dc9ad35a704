// Bell n of the object /X is the FIFO /dev/shm/X.bell.n. Everybody opens it for reading and writing, so that neither
// end depends on the other's being there, and nobody blocks: a full FIFO has been rung. The last handle of the object
// removes its bells (counted_object.cc).
//
// Who waits does so at the bell and at an epoll descriptor in which the watched leases stand, and the timer. The bell
// is not in there too: the kernel is slower to wake who sleeps at one epoll descriptor by way of another, as the event
// loop would.

#include "../doorbell.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <string>
#include <utility>

#include "fifo.h"
#include "lease_fifo.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

int64_t NowMs() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

constexpr uint64_t kTimer = UINT64_MAX;  // among the leases, each of which is its slot

class LinuxDoorbell final : public Doorbell {
 public:
  LinuxDoorbell(std::string object_path, const Admission& admission, Descriptor bell, Descriptor others)
      : object_path_(std::move(object_path)),
        admission_(admission),
        bell_(std::move(bell)),
        others_(std::move(others)) {}

  std::optional<Failure> Ring() override {
    while (write(bell_.get(), "", 1) != 1) {
      if (errno == EAGAIN) return std::nullopt;
      if (errno != EINTR) return SystemFailure("SYSTEM", "write", errno);
    }
    return std::nullopt;
  }

  Result<bool> Wait(int64_t timeout_ms) override {
    const int64_t deadline = NowMs() + timeout_ms;
    for (;;) {
      const int64_t left = timeout_ms < 0 ? -1 : std::max<int64_t>(0, deadline - NowMs());
      auto rung = Await(static_cast<int>(std::min<int64_t>(left, INT_MAX)));
      if (!rung.ok() || rung.value() || left == 0) return rung;
    }
  }

  Result<bool> Watch(uint32_t slot) override {
    if (watched_.count(slot) != 0) return true;
    auto lease = OpenHeldLease(object_path_, slot, admission_);
    if (!lease.ok()) return lease.failure();
    if (!lease.value().valid()) return false;
    // No events: hanging up is always told, here at once if the owner has just gone.
    if (auto failure = Add(lease.value(), 0, slot)) return *failure;
    watched_[slot] = std::move(lease.value());
    return true;
  }

  std::optional<Failure> RingAfter(int64_t ms) override {
    if (!timer_.valid()) {
      Descriptor timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
      if (!timer.valid()) return SystemFailure("SYSTEM", "timerfd_create", errno);
      if (auto failure = Add(timer, EPOLLIN, kTimer)) return failure;
      timer_ = std::move(timer);
    }
    struct itimerspec when = {};
    when.it_value.tv_sec = ms / 1000;
    when.it_value.tv_nsec = std::max<int64_t>(1, ms % 1000 * 1'000'000);  // 0 and 0 would stop it
    if (timerfd_settime(timer_.get(), 0, &when, nullptr) == 0) return std::nullopt;
    return SystemFailure("SYSTEM", "timerfd_settime", errno);
  }

  std::optional<Failure> Attach(uv_loop_t* loop, std::function<void()> rung) override {
    rung_ = std::move(rung);
    if (attached_ == 0) {
      if (auto failure = Poll(loop, bell_, [](uv_poll_t* poll, int, int) {
            auto* bell = static_cast<LinuxDoorbell*>(poll->data);
            bell->Tell(bell->Drain());
          })) {
        return failure;
      }
    }
    return Poll(loop, others_, [](uv_poll_t* poll, int, int) {
      auto* bell = static_cast<LinuxDoorbell*>(poll->data);
      bell->Tell(bell->TakeOthers());
    });
  }

  void SetReferenced(bool referenced) override {
    if (attached_ == 0) return;
    auto* handle = reinterpret_cast<uv_handle_t*>(&polls_[0]);
    if (referenced) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  void Close(std::function<void()> closed) override {
    if (attached_ == 0) return closed();
    closed_ = std::move(closed);
    for (int i = 0, attached = attached_; i < attached; i++) {
      uv_close(reinterpret_cast<uv_handle_t*>(&polls_[i]), [](uv_handle_t* handle) {
        auto* bell = static_cast<LinuxDoorbell*>(handle->data);
        if (--bell->attached_ != 0) return;
        auto closed = std::move(bell->closed_);
        closed();
      });
    }
  }

 private:
  std::optional<Failure> Add(const Descriptor& source, uint32_t events, uint64_t which) {
    struct epoll_event event = {};
    event.events = events;
    event.data.u64 = which;
    if (epoll_ctl(others_.get(), EPOLL_CTL_ADD, source.get(), &event) == 0) return std::nullopt;
    return SystemFailure("SYSTEM", "epoll_ctl", errno);
  }

  std::optional<Failure> Poll(uv_loop_t* loop, const Descriptor& source, uv_poll_cb readable) {
    uv_poll_t& poll = polls_[attached_];
    if (int error = uv_poll_init(loop, &poll, source.get())) return SystemFailure("SYSTEM", "uv_poll_init", -error);
    attached_++;
    poll.data = this;
    uv_poll_start(&poll, UV_READABLE, readable);
    uv_unref(reinterpret_cast<uv_handle_t*>(&poll));
    return std::nullopt;
  }

  void Tell(const Result<bool>& rung) {
    // Who waits must not sleep on where it cannot be told.
    if (!rung.ok() || rung.value()) rung_();
  }

  // False when nothing came in time, or another handle was quicker.
  Result<bool> Await(int timeout_ms) {
    struct pollfd sources[] = {{bell_.get(), POLLIN, 0}, {others_.get(), POLLIN, 0}};
    const int count = poll(sources, 2, timeout_ms);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "poll", errno);
    if (count <= 0) return false;
    if (sources[1].revents == 0) return Drain();
    auto others = TakeOthers();
    if (!others.ok() || sources[0].revents == 0) return others;
    auto rung = Drain();
    return rung.ok() && others.value() ? others : rung;
  }

  Result<bool> TakeOthers() {
    struct epoll_event events[16];
    const int count = epoll_wait(others_.get(), events, 16, 0);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "epoll_wait", errno);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == kTimer) {
        uint64_t times;
        (void)!read(timer_.get(), &times, sizeof times);
      } else {
        EndWatch(static_cast<uint32_t>(events[i].data.u64));
      }
    }
    return count > 0;
  }

  Result<bool> Drain() {
    char rings[4096];
    bool rung = false;
    for (;;) {
      const ssize_t length = read(bell_.get(), rings, sizeof rings);
      if (length < 0 && errno != EINTR && errno != EAGAIN) return SystemFailure("SYSTEM", "read", errno);
      rung |= length > 0;
      if (length != sizeof rings && (length >= 0 || errno != EINTR)) return rung;
    }
  }

  void EndWatch(uint32_t slot) {
    const auto watched = watched_.find(slot);
    if (watched == watched_.end()) return;
    // Closing is not enough while a child of this process that has not yet exec'ed shares the descriptor.
    epoll_ctl(others_.get(), EPOLL_CTL_DEL, watched->second.get(), nullptr);
    watched_.erase(watched);
  }

  const std::string object_path_;
  const Admission admission_;
  Descriptor bell_;
  Descriptor others_;
  Descriptor timer_;
  std::map<uint32_t, Descriptor> watched_;  // by slot
  uv_poll_t polls_[2] = {};
  int attached_ = 0;  // of them, to the loop
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const std::string& path = segment.path();
  const int object = static_cast<int>(segment.handle());
  if (auto failure = NeedName(object, path)) return *failure;
  const auto admission = AdmissionTo(object);
  if (!admission.ok()) return admission.failure();
  auto bell = OpenOrMakeFifo(BellPath(path, number), admission.value());
  if (!bell.ok()) return bell.failure();
  Descriptor others(epoll_create1(EPOLL_CLOEXEC));
  if (!others.valid()) return SystemFailure("SYSTEM", "epoll_create1", errno);
  return std::unique_ptr<Doorbell>(
      std::make_unique<LinuxDoorbell>(path, admission.value(), std::move(bell.value()), std::move(others)));
}

}  // namespace memlane
