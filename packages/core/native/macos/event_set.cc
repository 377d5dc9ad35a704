// A kqueue. It reports the end of a lease when the lock on the lease's file is dropped (NOTE_FUNLOCK). It would not
// report that the last writer of a FIFO has closed it.

#include "../posix/event_set.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>

#include <algorithm>

#include "../posix/system_failure.h"

namespace memlane {
namespace {

class KqueueSet final : public EventSet {
 public:
  explicit KqueueSet(Descriptor queue) : queue_(std::move(queue)) {}

  const Descriptor& descriptor() const override { return queue_; }

  std::optional<Failure> AddReadable(const Descriptor& source, uint64_t tag) override {
    return Change(Ident(source), EVFILT_READ, EV_ADD, 0, 0, tag);
  }

  std::optional<Failure> AddLease(const Descriptor& source, uint64_t tag) override {
    return Change(Ident(source), EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_FUNLOCK, 0, tag);
  }

  void RemoveLease(const Descriptor& source) override { Change(Ident(source), EVFILT_VNODE, EV_DELETE, 0, 0, 0); }

  std::optional<Failure> SetTimer(uint64_t tag, int64_t ms) override {
    const int64_t microseconds = std::max<int64_t>(1, ms * 1000);
    return Change(tag, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, microseconds, tag);
  }

  void StopTimer(uint64_t tag) override { Change(tag, EVFILT_TIMER, EV_DELETE, 0, 0, tag); }

  Result<std::vector<uint64_t>> Take() override {
    struct kevent events[16];
    const struct timespec at_once = {};
    const int count = kevent(queue_.get(), nullptr, 0, events, 16, &at_once);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "kevent", errno);
    std::vector<uint64_t> tags;
    for (int i = 0; i < count; i++) tags.push_back(reinterpret_cast<uint64_t>(events[i].udata));
    return tags;
  }

 private:
  static uintptr_t Ident(const Descriptor& source) { return static_cast<uintptr_t>(source.get()); }

  std::optional<Failure> Change(uintptr_t ident, int16_t filter, uint16_t flags, uint32_t fflags, int64_t data,
                                uint64_t tag) {
    struct kevent change;
    EV_SET(&change, ident, filter, flags, fflags, data, reinterpret_cast<void*>(tag));
    if (kevent(queue_.get(), &change, 1, nullptr, 0, nullptr) == 0) return std::nullopt;
    return SystemFailure("SYSTEM", "kevent", errno);
  }

  const Descriptor queue_;
};

}  // namespace

Result<std::unique_ptr<EventSet>> MakeEventSet() {
  Descriptor queue(kqueue());
  if (!queue.valid()) return SystemFailure("SYSTEM", "kqueue", errno);
  if (fcntl(queue.get(), F_SETFD, FD_CLOEXEC) != 0) return SystemFailure("SYSTEM", "fcntl(F_SETFD)", errno);
  return std::unique_ptr<EventSet>(new KqueueSet(std::move(queue)));
}

}  // namespace memlane
