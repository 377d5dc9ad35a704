// Bell n of the object /X is the FIFO /dev/shm/X.bell.n. Everybody opens it for reading and writing, so that neither
// end depends on the other's being there, and nobody blocks: a full FIFO has been rung. The last handle of the object
// removes its bells (shared_memory.cc).

#include "../doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "object_path.h"

namespace memlane {
namespace {

Failure SystemFailure(const char* code, const char* syscall, int error) {
  return Failure{code, syscall, error, strerror(error)};
}

int64_t NowMs() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

class LinuxDoorbell final : public Doorbell {
 public:
  explicit LinuxDoorbell(int fd) : fd_(fd) {}
  ~LinuxDoorbell() override {
    if (fd_ >= 0) close(fd_);
  }

  std::optional<Failure> Ring() override {
    while (write(fd_, "", 1) != 1) {
      if (errno == EAGAIN) return std::nullopt;
      if (errno != EINTR) return SystemFailure("SYSTEM", "write", errno);
    }
    return std::nullopt;
  }

  Result<bool> Wait(int64_t timeout_ms) override {
    const int64_t deadline = NowMs() + timeout_ms;
    for (;;) {
      const int64_t left = timeout_ms < 0 ? -1 : std::max<int64_t>(0, deadline - NowMs());
      struct pollfd bell = {fd_, POLLIN, 0};
      const int ready = poll(&bell, 1, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
      if (ready < 0 && errno != EINTR) return SystemFailure("SYSTEM", "poll", errno);
      if (ready > 0 && Drain()) return true;  // not drained: another thread of ours was quicker
      if (ready <= 0 && left == 0) return false;
    }
  }

  std::optional<Failure> Watch(uv_loop_t* loop, std::function<void()> rung) override {
    if (int error = uv_poll_init(loop, &poll_, fd_)) return SystemFailure("SYSTEM", "uv_poll_init", -error);
    watched_ = true;
    poll_.data = this;
    rung_ = std::move(rung);
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      auto* bell = static_cast<LinuxDoorbell*>(poll->data);
      if (bell->Drain()) bell->rung_();
    });
    SetReferenced(false);
    return std::nullopt;
  }

  void SetReferenced(bool referenced) override {
    auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
    if (!watched_) return;
    if (referenced) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }

  void Close(std::function<void()> closed) override {
    if (!watched_) return closed();
    watched_ = false;
    closed_ = std::move(closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
      auto closed = std::move(static_cast<LinuxDoorbell*>(handle->data)->closed_);
      closed();
    });
  }

 private:
  bool Drain() {
    char rings[4096];
    ssize_t length;
    bool rung = false;
    while ((length = read(fd_, rings, sizeof rings)) > 0 || (length < 0 && errno == EINTR)) rung |= length > 0;
    return rung;
  }

  const int fd_;
  uv_poll_t poll_ = {};
  bool watched_ = false;
  std::function<void()> rung_;
  std::function<void()> closed_;
};

}  // namespace

Result<std::unique_ptr<Doorbell>> OpenDoorbell(const Segment& segment, uint32_t number) {
  const std::string path = BellPath(PathOf(segment.name()), number);
  struct stat object;
  if (fstat(static_cast<int>(segment.handle()), &object) != 0) return SystemFailure("SYSTEM", "fstat", errno);

  // As readable and writable as the object; fchmod below, because the umask cuts mkfifo's argument.
  const mode_t mode = object.st_mode & 0777;
  const bool made = mkfifo(path.c_str(), 0600) == 0;
  if (!made && errno != EEXIST) return SystemFailure(errno == ENOSPC ? "NO_SPACE" : "SYSTEM", "mkfifo", errno);
  const int fd = open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    return SystemFailure(error == EACCES || error == ELOOP ? "ACCESS_DENIED" : "SYSTEM", "open", error);
  }
  std::unique_ptr<Doorbell> bell(new LinuxDoorbell(fd));
  struct stat status;
  if (fstat(fd, &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!S_ISFIFO(status.st_mode)) return Failure{"ACCESS_DENIED", "open", 0, "not a FIFO"};
  if (made && fchmod(fd, mode) != 0) return SystemFailure("SYSTEM", "fchmod", errno);
  return bell;
}

}  // namespace memlane
