#include "../posix/object_path.h"

#include <errno.h>
#include <semaphore.h>

#include "../posix/counted_object.h"

namespace memlane {
namespace {

constexpr char kFolder[] = "/dev/shm";
constexpr char kSemaphore[] = "/dev/shm/sem.";

}  // namespace

Result<std::string> PathOf(const std::string& name) { return kFolder + name; }

Result<std::vector<std::string>> ObjectFolders() { return std::vector<std::string>{kFolder}; }

// glibc keeps a POSIX semaphore as a file of such a name and length. A counted object of such a name is ours.
bool IsObject(const std::string& path, const struct stat& status) {
  return path.rfind(kSemaphore, 0) != 0 || status.st_size != sizeof(sem_t) || IsCounted(status);
}

std::string NameAt(const std::string& path) { return path.substr(sizeof kFolder - 1); }

Failure MissingFolder(const char* syscall, const std::string& folder) {
  return Failure{"NOT_SUPPORTED", syscall, ENOENT, "the folder " + folder + " is missing; mount a tmpfs there"};
}

}  // namespace memlane
