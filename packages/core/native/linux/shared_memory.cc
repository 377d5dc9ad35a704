// Named shared memory on Linux: files in /dev/shm, with the lifetime that Windows gives its sections.
//
// An object of ours carries the sticky bit (Linux ignores it on regular files) and is *counted*: every handle holds
// flock(LOCK_SH) on it, and whoever can get LOCK_EX knows that nobody else is there.
//
//   create   O_TMPFILE, reserve, mode, LOCK_SH, map; the caller fills it; linkat: it appears finished or not at all
//   open     LOCK_EX|LOCK_NB granted: all holders have died, unlink it, NOT_FOUND
//            LOCK_SH|LOCK_NB refused: its last holder is unlinking it just now, NOT_FOUND
//            LOCK_SH granted but no name left: it was a corpse, look again
//   close    unmap, LOCK_EX|LOCK_NB granted: it was the last handle, unlink
//
// Two rules keep this right. Only a holder of LOCK_EX unlinks a counted object, so a name seen to lead to the locked
// object still does when it is unlinked. And the kernel drops a lock with its last descriptor, so a crash is a close
// without the unlink, which the next comer makes good; so is a close that the system does not let finish. A failing
// upgrade from SH to EX loses the SH lock; that does no harm, as only a handle that is being closed tries it, and of
// two that race the second one gets EX.
//
// What lies beside an object, the FIFOs of its bells and leases, goes before its name does. Where that was not
// possible, as they were another user's, they are cleared under a name taken for that moment.
//
// Objects without the sticky bit (made by other programs, or persistent) are never locked, and unlinked only on demand.

#include "../shared_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "descriptor.h"
#include "fifo.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

constexpr mode_t kCountedMark = S_ISVTX;

// How long create waits for a dying object's last holder to finish unlinking it: a matter of microseconds, unless that
// process was stopped just there.
constexpr int kRemovalRetries = 250;
constexpr useconds_t kRemovalRetryMicroseconds = 1000;

bool IsCounted(const struct stat& status) { return (status.st_mode & kCountedMark) != 0; }

// False when another handle's lock is in its way.
Result<bool> TryLock(const Descriptor& descriptor, int operation) {
  if (flock(descriptor.get(), operation | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return SystemFailure("SYSTEM", "flock", errno);
}

struct File {
  std::string path;
  bool is_fifo;
};

Result<std::vector<File>> ReadFolder() {
  DIR* directory = opendir(kDirectory);
  if (directory == nullptr) return SystemFailure("SYSTEM", "opendir", errno);
  std::vector<File> files;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    files.push_back({std::string(kDirectory) + '/' + entry->d_name, entry->d_type == DT_FIFO});
    errno = 0;
  }
  const int error = errno;
  closedir(directory);
  if (error != 0) return SystemFailure("SYSTEM", "readdir", error);
  return files;
}

// Those of the object's doorbells and leases.
Result<std::vector<std::string>> FifosOf(const std::string& path) {
  const auto files = ReadFolder();
  if (!files.ok()) return files.failure();
  std::vector<std::string> fifos;
  for (const File& file : files.value()) {
    if (file.is_fifo && ObjectOfFifo(file.path) == path) fifos.push_back(file.path);
  }
  return fifos;
}

bool IsDenied(int error) { return error == EACCES || error == EPERM; }

// The caller holds LOCK_EX on the object. A failure leaves its name, so that the next comer finds what is left.
Result<bool> Unlink(const Descriptor& descriptor, const std::string& path) {
  const auto named = IsNamed(descriptor.get(), path);
  if (!named.ok() || !named.value()) return named;
  const auto fifos = FifosOf(path);
  if (!fifos.ok()) return fifos.failure();
  for (const std::string& fifo : fifos.value()) {
    // /dev/shm lets nobody remove another user's file.
    if (unlink(fifo.c_str()) == 0 || errno == ENOENT || IsDenied(errno)) continue;
    return SystemFailure("SYSTEM", "unlink", errno);
  }
  if (unlink(path.c_str()) == 0) return true;
  const int error = errno;
  if (error == ENOENT) return false;
  return SystemFailure(IsDenied(error) ? "ACCESS_DENIED" : "SYSTEM", "unlink", error);
}

// Gives a holder's lock back, and removes the object if it was the last.
void Leave(const Descriptor& descriptor, const std::string& path) {
  const auto last = TryLock(descriptor, LOCK_EX);
  if (last.ok() && last.value()) Unlink(descriptor, path);
}

// ---- opening ----

Failure OpenFailure(int error) {
  switch (error) {
    case ENOENT:
      return SystemFailure("NOT_FOUND", "open", error);
    case EACCES:
    case EPERM:
    case ELOOP:  // O_NOFOLLOW met a symbolic link
      return SystemFailure("ACCESS_DENIED", "open", error);
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return SystemFailure("NOT_SHARED_MEMORY", "open", error);
    case ENAMETOOLONG:
      return SystemFailure("INVALID_NAME", "open", error);
    default:
      return SystemFailure("SYSTEM", "open", error);
  }
}

struct Opened {
  Descriptor descriptor;
  struct stat status;
};

Result<Opened> OpenFile(const std::string& path, int flags) {
  // O_NONBLOCK: a FIFO squatting on the name must not make us wait for its other end.
  Descriptor descriptor(open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.valid()) return OpenFailure(errno);
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!S_ISREG(status.st_mode)) return SystemFailure("NOT_SHARED_MEMORY", "open", EINVAL);
  return Opened{std::move(descriptor), status};
}

enum class Presence {
  kAlive,   // and the caller now shares it
  kOrphan,  // all holders have died: the caller holds LOCK_EX
  kDying,   // somebody else holds LOCK_EX: about to be unlinked
  kCorpse,  // unlinked between our open and our lock
};

Result<Presence> Join(const Descriptor& descriptor, const std::string& path) {
  const auto alone = TryLock(descriptor, LOCK_EX);
  if (!alone.ok()) return alone.failure();
  if (!alone.value()) {
    const auto shared = TryLock(descriptor, LOCK_SH);
    if (!shared.ok()) return shared.failure();
    if (!shared.value()) return Presence::kDying;
  }
  const auto named = IsNamed(descriptor.get(), path);
  if (!named.ok()) {
    Leave(descriptor, path);
    return named.failure();
  }
  if (!named.value()) return Presence::kCorpse;
  return alone.value() ? Presence::kOrphan : Presence::kAlive;
}

bool IsTrusted(uid_t owner, const OpenOptions& options) {
  if (owner == geteuid() || owner == getuid() || owner == 0 || options.trust_any_owner) return true;
  const auto& trusted = options.trusted_owners;
  return std::find(trusted.begin(), trusted.end(), owner) != trusted.end();
}

// ---- mapping ----

class Mapping {
 public:
  Mapping() = default;
  Mapping(void* base, size_t base_length, size_t delta) : base_(base), base_length_(base_length), delta_(delta) {}
  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), base_length_(other.base_length_), delta_(other.delta_) {}
  ~Mapping() { Unmap(); }
  void Unmap() {
    if (base_ != nullptr) munmap(std::exchange(base_, nullptr), base_length_);
  }
  uint8_t* data() const { return static_cast<uint8_t*>(base_) + delta_; }
  size_t length() const { return base_length_ - delta_; }

 private:
  void* base_ = nullptr;
  size_t base_length_ = 0;
  size_t delta_ = 0;  // from the page's start to the view's first byte
};

Result<Mapping> Map(const Descriptor& descriptor, uint64_t object_length, const View& view) {
  uint64_t there = view.offset < object_length ? object_length - view.offset : 0;
  uint64_t wanted = view.length.value_or(there);
  if (wanted == 0 || wanted > there) {
    // The kernel would map it and kill us with SIGBUS at the first access behind the end.
    Failure failure = SystemFailure("TOO_SHORT", "mmap", ENXIO);
    failure.requested = view.offset + std::max<uint64_t>(wanted, 1);
    failure.available = object_length;
    return failure;
  }
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t delta = view.offset % page;
  int protection = view.access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  int sharing = view.access == Access::kCopy ? MAP_PRIVATE : MAP_SHARED;
  void* base =
      mmap(nullptr, wanted + delta, protection, sharing, descriptor.get(), static_cast<off_t>(view.offset - delta));
  if (base == MAP_FAILED) {
    int error = errno;
    return SystemFailure(error == ENOMEM ? "NO_SPACE" : error == EACCES ? "ACCESS_DENIED" : "SYSTEM", "mmap", error);
  }
  return Mapping(base, wanted + delta, delta);
}

// A file system without a limit has no blocks at all.
uint64_t FreeBytes() {
  struct statvfs status;
  if (statvfs(kDirectory, &status) != 0 || status.f_blocks == 0) return UINT64_MAX;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

Failure ReservationFailure(const char* syscall, int error, uint64_t length) {
  const bool no_space = error == ENOSPC || error == ENOMEM || error == EFBIG || error == EDQUOT;
  Failure failure = SystemFailure(no_space ? "NO_SPACE" : "SYSTEM", syscall, error);
  failure.requested = length;
  failure.available = FreeBytes();
  return failure;
}

// Sizes a new object and takes its pages: one that could not be had later, at its first use, would be SIGBUS.
std::optional<Failure> Reserve(const Descriptor& descriptor, uint64_t length) {
  // Spares the kernel from filling all memory before it says so.
  if (length > FreeBytes()) return ReservationFailure("posix_fallocate", ENOSPC, length);
  int error;
  do {
    error = posix_fallocate(descriptor.get(), 0, static_cast<off_t>(length));
  } while (error == EINTR);
  if (error == 0) return std::nullopt;
  return ReservationFailure("posix_fallocate", error, length);
}

// Takes the pages behind a view of another program's object, which may be sparse. Leaves its size alone.
std::optional<Failure> ReserveForeign(const Descriptor& descriptor, uint64_t offset, uint64_t length) {
  int error;
  do {
    error =
        fallocate(descriptor.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0
            ? 0
            : errno;
  } while (error == EINTR);
  if (error == 0 || error == EOPNOTSUPP) return std::nullopt;
  return ReservationFailure("fallocate", error, length);
}

// ---- taking a name ----

// Is the name taken by something that lives? Clears away what a crash has left. `false`: the name is free, or will be.
struct Taken {
  bool taken;
  bool dying;
};

Result<Taken> ClearOrphan(const std::string& path) {
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) {
    const std::string code = opened.failure().code;
    if (code == "NOT_FOUND") return Taken{false, false};
    // A link, a directory, another user's object: whatever it is, it is there.
    if (code == "ACCESS_DENIED" || code == "NOT_SHARED_MEMORY") return Taken{true, false};
    return opened.failure();
  }
  Opened& file = opened.value();
  if (!IsCounted(file.status)) return Taken{true, false};
  const auto presence = Join(file.descriptor, path);
  if (!presence.ok()) return presence.failure();
  switch (presence.value()) {
    case Presence::kAlive:
      // The others may have gone while we looked, taking us for a holder.
      Leave(file.descriptor, path);
      return Taken{true, false};
    case Presence::kOrphan: {
      auto removed = Unlink(file.descriptor, path);
      if (!removed.ok()) {
        Failure failure = removed.failure();
        if (IsDenied(static_cast<int>(failure.os_code))) failure.owner = std::to_string(file.status.st_uid);
        return failure;
      }
      return Taken{false, false};
    }
    case Presence::kDying:
      return Taken{false, true};
    case Presence::kCorpse:
      break;
  }
  return Taken{false, false};
}

Failure AlreadyExists() { return SystemFailure("ALREADY_EXISTS", "linkat", EEXIST); }

Result<Descriptor> OpenUnnamed() {
  Descriptor descriptor(open(kDirectory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (descriptor.valid()) return descriptor;
  const int error = errno;
  const char* code = error == EACCES                          ? "ACCESS_DENIED"
                     : error == EOPNOTSUPP || error == EISDIR ? "NOT_SUPPORTED"
                     : error == ENOSPC                        ? "NO_SPACE"
                                                              : "SYSTEM";
  return SystemFailure(code, "open", error);
}

// Gives the unnamed file that name. False: it is taken.
Result<bool> TryLink(const Descriptor& descriptor, const std::string& path) {
  const std::string unnamed = "/proc/self/fd/" + std::to_string(descriptor.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  const int error = errno;
  if (error == EEXIST) return false;
  const char* code = IsDenied(error) ? "ACCESS_DENIED" : error == ENAMETOOLONG ? "INVALID_NAME" : "SYSTEM";
  return SystemFailure(code, "linkat", error);
}

std::optional<Failure> Link(const Descriptor& descriptor, const std::string& path) {
  for (int attempt = 0; attempt < kRemovalRetries; attempt++) {
    const auto linked = TryLink(descriptor, path);
    if (!linked.ok()) return linked.failure();
    if (linked.value()) return std::nullopt;
    auto taken = ClearOrphan(path);
    if (!taken.ok()) return taken.failure();
    if (taken.value().taken) return AlreadyExists();
    if (taken.value().dying) usleep(kRemovalRetryMicroseconds);
  }
  return SystemFailure("NOT_READY", "linkat", EEXIST);
}

// Removes FIFOs that lie beside no object, if there are any: left where whoever removed the object could not remove
// them. An empty object takes the name meanwhile, as one that is just being removed, so that nobody makes new ones.
std::optional<Failure> ClearFifos(const std::string& path) {
  const auto fifos = FifosOf(path);
  if (!fifos.ok()) return fifos.failure();
  if (fifos.value().empty()) return std::nullopt;
  auto unnamed = OpenUnnamed();
  if (!unnamed.ok()) return unnamed.failure();
  const Descriptor& descriptor = unnamed.value();
  if (fchmod(descriptor.get(), 0444 | kCountedMark) != 0) return SystemFailure("SYSTEM", "fchmod", errno);
  const auto locked = TryLock(descriptor, LOCK_EX);
  if (!locked.ok()) return locked.failure();
  const auto linked = TryLink(descriptor, path);
  if (!linked.ok()) return linked.failure();
  if (!linked.value()) return std::nullopt;  // then they are somebody's
  const auto removed = Unlink(descriptor, path);
  return removed.ok() ? std::nullopt : std::optional<Failure>(removed.failure());
}

// Nobody holds what has that name: at most ClearFifos has taken it for a moment, with an object that not all may open.
bool IsHeldByNobody(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return errno == ENOENT;
  if (!S_ISREG(status.st_mode) || status.st_size != 0) return false;
  const auto taken = ClearOrphan(path);
  return taken.ok() && !taken.value().taken;
}

// ---- handles ----

class LinuxSegment;

// process.exit() and uncaught exceptions end the process without the environment's clean-up, but not without static
// destructors: the last handles of this process are let go here. (After a signal the next comer does it.)
class LiveSegments {
 public:
  void Add(LinuxSegment* segment) {
    std::lock_guard<std::mutex> guard(mutex_);
    segments_.insert(segment);
  }
  void Remove(LinuxSegment* segment) {
    std::lock_guard<std::mutex> guard(mutex_);
    segments_.erase(segment);
  }
  void LetAllGo();

 private:
  std::mutex mutex_;
  std::set<LinuxSegment*> segments_;
};

LiveSegments& live_segments() {
  static LiveSegments* segments =
      new LiveSegments;  // never destroyed: a finalizer may run after the static destructors
  static struct AtExit {
    ~AtExit() { segments->LetAllGo(); }
  } at_exit;
  return *segments;
}

class LinuxSegment final : public Segment {
 public:
  LinuxSegment(std::string name, Descriptor descriptor, Mapping mapping, uint64_t object_length, bool counted)
      : name_(std::move(name)),
        path_(PathOf(name_)),
        descriptor_(std::move(descriptor)),
        mapping_(std::move(mapping)),
        data_(mapping_.data()),
        view_length_(mapping_.length()),
        object_length_(object_length),
        counted_(counted) {
    live_segments().Add(this);
  }
  ~LinuxSegment() override { Close(); }

  uint8_t* data() const override { return data_; }
  size_t view_length() const override { return view_length_; }
  const std::string& name() const override { return name_; }
  intptr_t handle() const override { return descriptor_.get(); }
  uint64_t object_length() const override { return object_length_; }

  std::optional<Failure> Publish() override { return Link(descriptor_, path_); }

  void Close() override {
    live_segments().Remove(this);
    mapping_.Unmap();
    LetGo();
  }

  // Leaves the mapping alone: at the exit of the process another thread may still be using it.
  void LetGo() {
    if (!descriptor_.valid()) return;
    if (counted_) Leave(descriptor_, path_);
    descriptor_.Close();
  }

 private:
  const std::string name_;
  const std::string path_;
  Descriptor descriptor_;
  Mapping mapping_;
  uint8_t* const data_;
  const size_t view_length_;
  const uint64_t object_length_;
  const bool counted_;
};

void LiveSegments::LetAllGo() {
  std::lock_guard<std::mutex> guard(mutex_);
  for (LinuxSegment* segment : segments_) segment->LetGo();
  segments_.clear();
}

// ---- listing ----

// Who holds a flock on what: pids by device and inode, one for each handle, from /proc/locks. Processes that this one
// cannot see (another pid namespace) have pid 0 there, or are missing.
using Inode = std::tuple<unsigned, unsigned, unsigned long long>;

std::map<Inode, std::vector<uint32_t>> ReadLocks() {
  std::map<Inode, std::vector<uint32_t>> holders;
  FILE* file = fopen("/proc/locks", "re");
  if (file == nullptr) return holders;
  char line[256];
  while (fgets(line, sizeof line, file) != nullptr) {
    int pid;
    unsigned device_major, device_minor;
    unsigned long long inode;
    // 1: FLOCK  ADVISORY  READ 1234 00:1b:5678 0 EOF
    if (sscanf(line, "%*d: FLOCK ADVISORY %*s %d %x:%x:%llu", &pid, &device_major, &device_minor, &inode) == 4) {
      holders[{device_major, device_minor, inode}].push_back(static_cast<uint32_t>(pid));
    }
  }
  fclose(file);
  return holders;
}

// Clears the object away, if a crash has left it and this process may. True when it is an orphan, or gone.
Result<bool> ClearIfOrphan(const std::string& path) {
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) {
    const std::string code = opened.failure().code;
    if (code == "NOT_FOUND") return true;
    if (code == "ACCESS_DENIED" || code == "NOT_SHARED_MEMORY") return false;
    return opened.failure();
  }
  const Opened& file = opened.value();
  if (!IsCounted(file.status)) return false;
  const auto alone = TryLock(file.descriptor, LOCK_EX);
  if (alone.ok() && alone.value()) Unlink(file.descriptor, path);
  return alone;
}

}  // namespace

Result<std::unique_ptr<Segment>> CreateSegment(const CreateOptions& options, const View& view) {
  const std::string path = PathOf(options.name);

  // Asked first, and again by linkat at the end: a taken name should not cost the reservation.
  auto taken = ClearOrphan(path);
  if (!taken.ok()) return taken.failure();
  if (taken.value().taken) return AlreadyExists();
  auto failure = ClearFifos(path);
  if (failure) return *failure;

  auto unnamed = OpenUnnamed();
  if (!unnamed.ok()) {
    const int error = static_cast<int>(unnamed.failure().os_code);
    if (error == ENOSPC || error == ENOMEM) return ReservationFailure("open", error, options.length);
    return unnamed.failure();
  }
  Descriptor descriptor = std::move(unnamed.value());
  failure = Reserve(descriptor, options.length);
  if (failure && strcmp(failure->code, "NO_SPACE") == 0) {
    ListSegments();  // clears away what crashes have left, under whatever names
    failure = Reserve(descriptor, options.length);
  }
  if (failure) return *failure;
  // Not by open's argument, which the umask cuts.
  mode_t mode = options.mode | (options.persistent ? 0 : kCountedMark);
  if (fchmod(descriptor.get(), mode) != 0) return SystemFailure("SYSTEM", "fchmod", errno);
  if (!options.persistent) {
    const auto locked = TryLock(descriptor, LOCK_SH);
    if (!locked.ok()) return locked.failure();
  }

  auto mapping = Map(descriptor, options.length, view);
  if (!mapping.ok()) return mapping.failure();
  return std::unique_ptr<Segment>(new LinuxSegment(options.name, std::move(descriptor), std::move(mapping.value()),
                                                   options.length, !options.persistent));
}

Result<std::unique_ptr<Segment>> OpenSegment(const OpenOptions& options, const View& view) {
  const std::string path = PathOf(options.name);
  const int flags = view.access == Access::kReadWrite ? O_RDWR : O_RDONLY;
  for (;;) {
    auto opened = OpenFile(path, flags);
    if (!opened.ok()) {
      const bool denied = strcmp(opened.failure().code, "ACCESS_DENIED") == 0;
      return denied && IsHeldByNobody(path) ? SystemFailure("NOT_FOUND", "open", ENOENT) : opened.failure();
    }
    Opened& file = opened.value();
    if (!IsTrusted(file.status.st_uid, options)) {
      if (IsHeldByNobody(path)) return SystemFailure("NOT_FOUND", "open", ENOENT);
      Failure failure = SystemFailure("ACCESS_DENIED", "open", EACCES);
      failure.owner = std::to_string(file.status.st_uid);
      return failure;
    }
    const bool counted = IsCounted(file.status);
    if (counted) {
      const auto joined = Join(file.descriptor, path);
      if (!joined.ok()) return joined.failure();
      const Presence presence = joined.value();
      if (presence == Presence::kCorpse) continue;
      if (presence == Presence::kOrphan) Unlink(file.descriptor, path);  // if it may not, the owner's next create does
      if (presence != Presence::kAlive) return SystemFailure("NOT_FOUND", "open", ENOENT);
    }
    const uint64_t object_length = static_cast<uint64_t>(file.status.st_size);
    auto mapping = Map(file.descriptor, object_length, view);
    // Only our own objects are sure to be reserved. (A reader may not; see docs/platforms.md.)
    std::optional<Failure> failure;
    if (!mapping.ok()) {
      failure = mapping.failure();
    } else if (!counted && view.access == Access::kReadWrite) {
      failure = ReserveForeign(file.descriptor, view.offset, mapping.value().length());
    }
    if (failure) {
      if (counted) Leave(file.descriptor, path);  // the others may have gone meanwhile, taking us for a holder
      return *failure;
    }
    return std::unique_ptr<Segment>(
        new LinuxSegment(options.name, std::move(file.descriptor), std::move(mapping.value()), object_length, counted));
  }
}

Result<bool> UnlinkSegment(const std::string& name) {
  const std::string path = PathOf(name);
  auto opened = OpenFile(path, O_RDONLY);
  if (!opened.ok()) return opened.failure();
  Opened& file = opened.value();
  const auto alone = TryLock(file.descriptor, LOCK_EX);
  if (!alone.ok()) return alone.failure();
  if (!alone.value()) return SystemFailure("IN_USE", "flock", EWOULDBLOCK);
  auto removed = Unlink(file.descriptor, path);
  if (removed.ok() && !removed.value()) return SystemFailure("NOT_FOUND", "unlink", ENOENT);
  return removed;
}

Result<std::vector<SegmentInfo>> ListSegments() {
  const auto files = ReadFolder();
  if (!files.ok()) return files.failure();
  const auto locks = ReadLocks();
  std::vector<SegmentInfo> segments;
  std::set<std::string> with_fifos;
  for (const File& file : files.value()) {
    const std::string& path = file.path;
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;
      return SystemFailure("SYSTEM", "lstat", errno);
    }
    const bool is_removable = status.st_uid == geteuid() || geteuid() == 0;
    if (S_ISFIFO(status.st_mode) && (status.st_mode & kFifoMark) != 0 && is_removable) {
      with_fifos.insert(ObjectOfFifo(path));
    }
    if (!S_ISREG(status.st_mode)) continue;
    const auto orphan = ClearIfOrphan(path);
    if (!orphan.ok()) return orphan.failure();
    if (orphan.value()) continue;
    SegmentInfo info;
    info.name = path.substr(strlen(kDirectory));
    info.length = static_cast<uint64_t>(status.st_size);
    info.owner = std::to_string(status.st_uid);
    info.mode = status.st_mode & 0777;
    info.counted = IsCounted(status);
    auto holders = locks.find({major(status.st_dev), minor(status.st_dev), status.st_ino});
    if (info.counted && holders != locks.end()) {
      info.holders = static_cast<uint32_t>(holders->second.size());
      info.pids = holders->second;
      std::sort(info.pids.begin(), info.pids.end());
      info.pids.erase(std::unique(info.pids.begin(), info.pids.end()), info.pids.end());
      if (info.pids.front() == 0) info.pids.erase(info.pids.begin());
    }
    segments.push_back(std::move(info));
  }
  with_fifos.erase("");
  for (const std::string& path : with_fifos) {
    struct stat status;
    if (lstat(path.c_str(), &status) != 0 && errno == ENOENT) ClearFifos(path);
  }
  return segments;
}

}  // namespace memlane
