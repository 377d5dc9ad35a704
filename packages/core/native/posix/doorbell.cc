// Bell n is the FIFO bell.n in the memory's folder (fifo_folder.h). Every process opens it for reading and writing. So
// neither end depends on the other one, and no process blocks: if the FIFO is full, the bell has been rung already.
//
// A waiter waits at the bell and at an event set. The set has the watched leases, the timer of RingAfter, and the check
// timer. The bell is not in it: the event loop has such a set of its own, and the kernel wakes a process more slowly
// through two nested ones.
//
// The check timer finds the changes that no event reports:
//
// 1. Another program removes the bell while its owner sleeps. Processes that have opened the bell still ring it, but
//    other processes cannot find it. So the owner makes the bell again under its name, and waits at both.
// 2. A watched lease reports when its owner's descriptor is closed, but the lock may be released a moment later. Or a
//    lease cannot report (lease_watch.h). Then the check tests the lock again and again.

#include "../doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "descriptor_watch.h"
#include "event_set.h"
#include "fifo.h"
#include "fifo_folder.h"
#include "lease_watch.h"
#include "segment.h"
#include "slot_locks.h"
#include "system_failure.h"

namespace memlane {
namespace {

int64_t NowMs() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// The tags of events in the set. A watched lease has its slot as the tag.
constexpr uint64_t kTimer = UINT64_MAX;
constexpr uint64_t kCheck = UINT64_MAX - 1;
constexpr uint64_t kRenewedBell = UINT64_MAX - 2;

constexpr int64_t kCheckMs = 2000;

// Time between two checks of a lease that should end soon: the first interval, and the longest one.
constexpr int64_t kFirstUnsettledMs = 1;
constexpr int64_t kMostUnsettledMs = 128;

// Checks before that, without a pause: an owner that ends needs only some microseconds.
constexpr int kLooks = 20;

// How often a removed bell is made again. After that, each check wakes the waiter.
constexpr size_t kMostRenewed = 8;

bool IsExhausted(const Failure& failure) { return failure.os_code == EMFILE || failure.os_code == ENFILE; }

class PosixDoorbell final : public Doorbell {
 public:
  PosixDoorbell(std::shared_ptr<FifoFolder> folder, std::shared_ptr<SlotLocks> locks, std::string name)
      : folder_(std::move(folder)), locks_(std::move(locks)), name_(std::move(name)) {}

  // If the process has no descriptors left, Ring() still works. The next call that needs the bell tries again to open
  // it.
  std::optional<Failure> Open() {
    auto failure = OpenBell();
    return failure && IsExhausted(*failure) ? std::nullopt : failure;
  }

  std::optional<Failure> Ring() override {
    if (auto failure = OpenBell()) return IsExhausted(*failure) ? folder_->WriteBySpare(name_) : failure;
    return WriteByte(bell_);
  }

  Result<bool> Wait(int64_t timeout_ms) override {
    if (auto failure = Prepare()) return *failure;
    const int64_t deadline = NowMs() + timeout_ms;
    for (;;) {
      const int64_t left = timeout_ms < 0 ? -1 : std::max<int64_t>(0, deadline - NowMs());
      auto rung = Await(static_cast<int>(std::min<int64_t>(left, INT_MAX)));
      if (!rung.ok() || rung.value() || left == 0) return rung;
    }
  }

  Result<bool> Watch(uint32_t slot) override {
    if (watched_.count(slot) != 0 || unsettled_.count(slot) != 0) return true;
    if (auto failure = Prepare()) return *failure;
    for (int look = 0; look < kLooks; look++) {
      auto found = WatchLease(folder_, locks_, slot);
      if (!found.ok()) return found.failure();
      std::unique_ptr<LeaseWatch>& lease = found.value();
      if (!lease) return false;
      const bool reports = lease->ReportTo(*others_, slot);
      if (reports || look == kLooks - 1) {
        (reports ? watched_ : unsettled_)[slot] = std::move(lease);
        break;
      }
      sched_yield();
    }
    if (unsettled_.count(slot) == 0) return true;
    if (auto failure = AskSoon()) return *failure;
    return true;
  }

  std::optional<Failure> RingAfter(int64_t ms) override {
    if (auto failure = Prepare()) return failure;
    return others_->SetTimer(kTimer, ms);
  }

  std::optional<Failure> Attach(EventLoop& loop, std::function<void()> rung) override {
    if (auto failure = Prepare()) return failure;
    rung_ = std::move(rung);
    auto watch = WatchDescriptors(loop, {{bell_.get(), [this] { Tell(Empty(bell_)); }},
                                         {others_->descriptor().get(), [this] { Tell(TakeOthers()); }}});
    if (!watch.ok()) return watch.failure();
    watch_ = std::move(watch.value());
    return std::nullopt;
  }

  void SetReferenced(bool referenced) override {
    if (watch_) watch_->SetReferenced(referenced);
  }

  void Close(std::function<void()> closed) override {
    if (!watch_) return closed();
    watch_->Close(std::move(closed));
  }

 private:
  std::optional<Failure> OpenBell() {
    if (bell_.valid()) return std::nullopt;
    auto bell = folder_->OpenOrMake(name_);
    if (!bell.ok()) return bell.failure();
    bell_ = std::move(bell.value());
    return std::nullopt;
  }

  // Opens what a wait needs, once. Ring() does not need it.
  std::optional<Failure> Prepare() {
    if (others_) return std::nullopt;
    if (auto failure = OpenBell()) return failure;
    auto others = MakeEventSet();
    if (!others.ok()) return others.failure();
    if (auto failure = others.value()->SetTimer(kCheck, kCheckMs)) return failure;
    others_ = std::move(others.value());
    return std::nullopt;
  }

  // Lets the check test the leases that cannot report their end.
  std::optional<Failure> AskSoon() {
    unsettled_ms_ = kFirstUnsettledMs;
    return others_->SetTimer(kCheck, unsettled_ms_);
  }

  void Tell(const Result<bool>& rung) {
    // Also after a failure: the waiter must not continue to sleep if no ring can reach it.
    if (!rung.ok() || rung.value()) rung_();
  }

  // False if the time has passed, or if another handle took the ring first.
  Result<bool> Await(int timeout_ms) {
    struct pollfd sources[] = {{bell_.get(), POLLIN, 0}, {others_->descriptor().get(), POLLIN, 0}};
    const int count = poll(sources, 2, timeout_ms);
    if (count < 0 && errno != EINTR) return SystemFailure("SYSTEM", "poll", errno);
    if (count <= 0) return false;
    if (sources[1].revents == 0) return Empty(bell_);
    auto others = TakeOthers();
    if (!others.ok() || sources[0].revents == 0) return others;
    auto rung = Empty(bell_);
    return rung.ok() && others.value() ? others : rung;
  }

  // Whether any of them is a reason to wake.
  Result<bool> TakeOthers() {
    const auto events = others_->Take();
    if (!events.ok()) return events.failure();
    bool rung = false;
    for (const uint64_t tag : events.value()) {
      if (tag == kTimer) {
        rung = true;
      } else if (tag == kCheck) {
        rung |= Check();
      } else if (tag == kRenewedBell) {
        for (const Descriptor& bell : renewed_) {
          const auto emptied = Empty(bell);
          rung |= !emptied.ok() || emptied.value();
        }
      } else {
        rung |= EndWatch(static_cast<uint32_t>(tag));
      }
    }
    return rung;
  }

  // Whether there is a reason to wake.
  bool Check() {
    bool wake = RenewBell();
    for (auto lease = unsettled_.begin(); lease != unsettled_.end();) {
      const bool ended = lease->second->HasEnded();
      wake |= ended;
      lease = ended ? unsettled_.erase(lease) : std::next(lease);
    }
    unsettled_ms_ = std::min(2 * unsettled_ms_, kMostUnsettledMs);
    return others_->SetTimer(kCheck, unsettled_.empty() ? kCheckMs : unsettled_ms_).has_value() || wake;
  }

  // Makes the bell again if its name is gone. Returns true in that case, because rings may have been lost.
  bool RenewBell() {
    const Descriptor& latest = renewed_.empty() ? bell_ : renewed_.back();
    struct stat status;
    if (fstat(latest.get(), &status) == 0 && status.st_nlink > 0) return false;
    if (renewed_.size() == kMostRenewed) return true;
    auto bell = folder_->OpenOrMake(name_);
    if (bell.ok() && !others_->AddReadable(bell.value(), kRenewedBell)) renewed_.push_back(std::move(bell.value()));
    return true;
  }

  bool EndWatch(uint32_t slot) {
    const auto watched = watched_.find(slot);
    if (watched == watched_.end()) return false;
    std::unique_ptr<LeaseWatch> lease = std::move(watched->second);
    watched_.erase(watched);
    lease->StopReporting(*others_, slot);
    for (int look = 0; look < kLooks; look++) {
      if (lease->HasEnded()) return true;
      sched_yield();
    }
    unsettled_[slot] = std::move(lease);
    return AskSoon().has_value();
  }

  const std::shared_ptr<FifoFolder> folder_;
  const std::shared_ptr<SlotLocks> locks_;
  const std::string name_;
  Descriptor bell_;
  std::unique_ptr<EventSet> others_;
  std::vector<Descriptor> renewed_;
  std::map<uint32_t, std::unique_ptr<LeaseWatch>> watched_;    // by slot
  std::map<uint32_t, std::unique_ptr<LeaseWatch>> unsettled_;  // by slot: those that cannot report their end
  int64_t unsettled_ms_ = kFirstUnsettledMs;
  std::function<void()> rung_;
  std::unique_ptr<DescriptorWatch> watch_;  // of bell_ and others_
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  auto folder = FifoFolderOf(segment);
  if (!folder.ok()) return folder.failure();
  auto bell = std::make_unique<PosixDoorbell>(std::move(folder.value()), SlotLocksOf(segment),
                                              "bell." + std::to_string(number));
  if (auto failure = bell->Open()) return *failure;
  return std::unique_ptr<Doorbell>(std::move(bell));
}

}  // namespace memlane
