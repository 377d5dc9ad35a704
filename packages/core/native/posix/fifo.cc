#include "fifo.h"

#include <errno.h>
#include <unistd.h>

#include "system_failure.h"

namespace memlane {

std::optional<Failure> WriteByte(const Descriptor& fifo) {
  while (write(fifo.get(), "", 1) != 1) {
    if (errno == EAGAIN) return std::nullopt;
    if (errno != EINTR) return SystemFailure("SYSTEM", "write", errno);
  }
  return std::nullopt;
}

Result<bool> Empty(const Descriptor& fifo) {
  char bytes[4096];
  bool any = false;
  for (;;) {
    const ssize_t length = read(fifo.get(), bytes, sizeof bytes);
    if (length < 0 && errno != EINTR && errno != EAGAIN) return SystemFailure("SYSTEM", "read", errno);
    any |= length > 0;
    if (length != sizeof bytes && (length >= 0 || errno != EINTR)) return any;
  }
}

bool HasWriter(const Descriptor& fifo) {
  char byte;
  return read(fifo.get(), &byte, 1) < 0 && errno == EAGAIN;
}

}  // namespace memlane
