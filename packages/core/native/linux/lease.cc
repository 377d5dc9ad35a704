// Slot i is an open-file-description lock on byte i of the object: it goes with the last descriptor of its handle.
// Never plain F_SETLK: closing any descriptor of the file would drop that.

#include "../lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

namespace memlane {
namespace {

struct flock ByteOf(uint32_t slot, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = slot;
  lock.l_len = 1;
  return lock;
}

class LinuxLease final : public Lease {
 public:
  LinuxLease(int fd, uint32_t slot) : fd_(fd), slot_(slot) {}
  ~LinuxLease() override {
    struct flock lock = ByteOf(slot_, F_UNLCK);
    fcntl(fd_, F_OFD_SETLK, &lock);
  }

 private:
  const int fd_;
  const uint32_t slot_;
};

}  // namespace

Result<std::unique_ptr<Lease>> ClaimLease(const Segment& segment, uint32_t slot) {
  struct flock lock = ByteOf(slot, F_WRLCK);
  const int fd = static_cast<int>(segment.handle());
  if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    int error = errno;
    if (error == EAGAIN || error == EACCES) return std::unique_ptr<Lease>();
    return Failure{error == EBADF ? "ACCESS_DENIED" : "SYSTEM", "fcntl(F_OFD_SETLK)", error, strerror(error)};
  }
  return std::unique_ptr<Lease>(new LinuxLease(fd, slot));
}

Result<bool> IsLeased(const Segment& segment, uint32_t slot) {
  struct flock lock = ByteOf(slot, F_WRLCK);
  if (fcntl(static_cast<int>(segment.handle()), F_OFD_GETLK, &lock) != 0) {
    int error = errno;
    return Failure{"SYSTEM", "fcntl(F_OFD_GETLK)", error, strerror(error)};
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace memlane
