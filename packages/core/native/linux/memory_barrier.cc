// membarrier(2), the global expedited commands (Linux 4.16): it interrupts the processors on which registered processes
// run, and no others. A registration ends with the process, or with execve.

#include "../memory_barrier.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace memlane {
namespace {

// As in <linux/membarrier.h>, which not every system has that builds this.
constexpr int kGlobalExpedited = 1 << 1;
constexpr int kRegisterGlobalExpedited = 1 << 2;

// The C library has no function for it. Any error (ENOSYS, EINVAL of an old kernel, EPERM of a sandbox) is a refusal.
bool Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

bool RegisterForMemoryBarriers() {
  static const bool registered = Membarrier(kRegisterGlobalExpedited);
  return registered;
}

bool GlobalMemoryBarrier() { return Membarrier(kGlobalExpedited); }

}  // namespace memlane
