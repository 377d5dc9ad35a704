// The global expedited commands of membarrier(2), Linux 4.16. They interrupt only processors that run registered
// processes. A registration ends with the process, or with execve.

#include "../memory_barrier.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace memlane {
namespace {

// As in <linux/membarrier.h>, which some build systems lack.
constexpr int kGlobalExpedited = 1 << 1;
constexpr int kRegisterGlobalExpedited = 1 << 2;

// The C library has no function for it. Every error is a refusal: ENOSYS, EINVAL of an old kernel, EPERM of a sandbox.
bool Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

bool RegisterForMemoryBarriers() {
  static const bool registered = Membarrier(kRegisterGlobalExpedited);
  return registered;
}

bool GlobalMemoryBarrier() { return Membarrier(kGlobalExpedited); }

}  // namespace memlane
