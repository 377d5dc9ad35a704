// Bell n of the object /X is the FIFO /dev/shm/X.bell.n. Everybody opens it for reading and writing, so that neither
// end depends on the other's being there, and nobody blocks: a full FIFO has been rung. The last handle of the object
// removes its bells (shared_memory.cc).
//
// Who waits does so at an epoll descriptor, in which the leases that are watched stand beside the bell.

#include "../doorbell.h"

#include <errno.h>
#include <sys/epoll.h>
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

constexpr uint64_t kBell = UINT64_MAX;  // in the epoll set, where a lease is its slot

std::optional<Failure> Add(const Descriptor& set, const Descriptor& fifo, uint32_t events, uint64_t which) {
  struct epoll_event event = {};
  event.events = events;
  event.data.u64 = which;
  if (epoll_ctl(set.get(), EPOLL_CTL_ADD, fifo.get(), &event) == 0) return std::nullopt;
  return SystemFailure("SYSTEM", "epoll_ctl", errno);
}

class LinuxDoorbell final : public Doorbell {
 public:
  LinuxDoorbell(std::string object_path, const Admission& admission, Descriptor bell, Descriptor waiting)
      : object_path_(std::move(object_path)),
        admission_(admission),
        bell_(std::move(bell)),
        waiting_(std::move(waiting)) {}

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
      auto rung = Take(static_cast<int>(std::min<int64_t>(left, INT_MAX)));
      if (!rung.ok() || rung.value() || left == 0) return rung;
    }
  }

  Result<bool> Watch(uint32_t slot) override {
    if (watched_.count(slot) != 0) return true;
    auto lease = OpenHeldLease(object_path_, slot, admission_);
    if (!lease.ok()) return lease.failure();
    if (!lease.value().valid()) return false;
    // No events: hanging up is always told, here at once if the owner has just gone.
    if (auto failure = Add(waiting_, lease.value(), 0, slot)) return *failure;
    watched_[slot] = std::move(lease.value());
    return true;
  }

  std::optional<Failure> Attach(uv_loop_t* loop, std::function<void()> rung) override {
    if (int error = uv_poll_init(loop, &poll_, waiting_.get())) return SystemFailure("SYSTEM", "uv_poll_init", -error);
    attached_ = true;
    poll_.data = this;
    rung_ = std::move(rung);
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      auto* bell = static_cast<LinuxDoorbell*>(poll->data);
      // Nearly always it is the bell; a lease that has ended will be told of again.
      auto rung = bell->Drain();
      if (rung.ok() && !rung.value()) rung = bell->Take(0);
      // Who waits must not sleep on where it cannot be told.
      if (!rung.ok() || rung.value()) bell->rung_();
    });
    SetReferenced(false);
    return std::nullopt;
  }

  void SetReferenced(bool referenced) override {
    auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
    if (!attached_) return;
    if (referenced) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  void Close(std::function<void()> closed) override {
    if (!attached_) return closed();
    attached_ = false;
    closed_ = std::move(closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
      auto closed = std::move(static_cast<LinuxDoorbell*>(handle->data)->closed_);
      closed();
    });
  }

 private:
  // False when nothing came in time, or another handle was quicker.
  Result<bool> Take(int timeout_ms) {
    struct epoll_event events[16];
    const int count = epoll_wait(waiting_.get(), events, 16, timeout_ms);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "epoll_wait", errno);
    bool rung = false;
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == kBell) {
        auto drained = Drain();
        if (!drained.ok()) return drained;
        rung |= drained.value();
      } else {
        EndWatch(static_cast<uint32_t>(events[i].data.u64));
        rung = true;
      }
    }
    return rung;
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
    epoll_ctl(waiting_.get(), EPOLL_CTL_DEL, watched->second.get(), nullptr);
    watched_.erase(watched);
  }

  const std::string object_path_;
  const Admission admission_;
  Descriptor bell_;
  Descriptor waiting_;
  std::map<uint32_t, Descriptor> watched_;  // by slot
  uv_poll_t poll_ = {};
  bool attached_ = false;
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const std::string path = PathOf(segment.name());
  const int object = static_cast<int>(segment.handle());
  if (auto failure = NeedName(object, path)) return *failure;
  const auto admission = AdmissionTo(object);
  if (!admission.ok()) return admission.failure();
  auto bell = OpenOrMakeFifo(BellPath(path, number), admission.value());
  if (!bell.ok()) return bell.failure();
  Descriptor waiting(epoll_create1(EPOLL_CLOEXEC));
  if (!waiting.valid()) return SystemFailure("SYSTEM", "epoll_create1", errno);
  if (auto failure = Add(waiting, bell.value(), EPOLLIN, kBell)) return *failure;
  return std::unique_ptr<Doorbell>(
      std::make_unique<LinuxDoorbell>(path, admission.value(), std::move(bell.value()), std::move(waiting)));
}

}  // namespace memlane
