#include "waiting_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "fifo.h"
#include "system_failure.h"

namespace memlane {
namespace {

constexpr size_t kStackLength = 128 * 1024;

// Time between two looks if poll fails, for example because the process's limit of descriptors was lowered.
constexpr int kPauseMs = 10;

std::optional<Failure> MakePipe(Descriptor& read_end, Descriptor& write_end) {
  int ends[2];
  if (pipe(ends) != 0) return SystemFailure("SYSTEM", "pipe", errno);
  read_end = Descriptor(ends[0]);
  write_end = Descriptor(ends[1]);
  for (const int end : ends) {
    if (fcntl(end, F_SETFD, FD_CLOEXEC) != 0 || fcntl(end, F_SETFL, O_NONBLOCK) != 0) {
      return SystemFailure("SYSTEM", "fcntl", errno);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<WaitingThread>> WaitingThread::OfProcess() {
  // Never destroyed: at the end of the process, event loops of other threads may still use them.
  static auto& mutex = *new std::mutex;
  static auto& running = *new std::weak_ptr<WaitingThread>;
  const std::lock_guard<std::mutex> lock(mutex);
  if (auto thread = running.lock()) return thread;
  auto thread = std::make_shared<WaitingThread>();
  if (auto failure = thread->Start()) return *failure;
  running = thread;
  return thread;
}

std::optional<Failure> WaitingThread::Start() {
  if (auto failure = MakePipe(woken_by_, wake_)) return failure;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackLength);
  // The thread inherits this mask: all signals of the process go to other threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto run = [](void* self) -> void* {
    static_cast<WaitingThread*>(self)->Run();
    return nullptr;
  };
  const int error = pthread_create(&thread_, &attributes, run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return SystemFailure("SYSTEM", "pthread_create", error);
  started_ = true;
  return std::nullopt;
}

WaitingThread::~WaitingThread() {
  if (!started_) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  Wake();
  pthread_join(thread_, nullptr);
}

void WaitingThread::Begin(std::shared_ptr<const Wait> wait) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waits_.push_back(std::move(wait));
  }
  Wake();
}

void WaitingThread::End(const std::shared_ptr<const Wait>& wait) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!Remove(wait)) return;
  }
  Wake();  // while poll uses the descriptors, the kernel keeps their files open
}

void WaitingThread::Wake() { WriteByte(wake_); }

// With the mutex. False if it was not there.
bool WaitingThread::Remove(const std::shared_ptr<const Wait>& wait) {
  const auto found = std::find(waits_.begin(), waits_.end(), wait);
  if (found == waits_.end()) return false;
  waits_.erase(found);
  return true;
}

void WaitingThread::Run() {
  std::vector<std::shared_ptr<const Wait>> waits;
  std::vector<struct pollfd> sources;
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (ending_) return;
      waits = waits_;
    }
    sources.assign(1, {woken_by_.get(), POLLIN, 0});
    for (const auto& wait : waits) {
      for (const int descriptor : wait->descriptors) sources.push_back({descriptor, POLLIN, 0});
    }
    const bool failed = poll(sources.data(), static_cast<nfds_t>(sources.size()), -1) < 0;
    if (failed) poll(nullptr, 0, kPauseMs);  // then all count as readable
    if (failed || sources[0].revents != 0) Empty(woken_by_);
    const std::lock_guard<std::mutex> lock(mutex_);
    auto source = sources.cbegin() + 1;
    for (const auto& wait : waits) {
      const auto end = source + static_cast<std::ptrdiff_t>(wait->descriptors.size());
      const bool readable = failed || std::any_of(source, end, [](const auto& one) { return one.revents != 0; });
      source = end;
      // Calls it with the mutex: End() returns only after the call.
      if (readable && Remove(wait)) wait->readable();
    }
  }
}

}  // namespace memlane
