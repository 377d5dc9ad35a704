// Named shared memory on POSIX systems: files, with the lifetime that Windows gives its sections.
//
// A *counted* object has the sticky bit, which these systems ignore on regular files. Every handle holds flock(LOCK_SH)
// on it. A process that gets LOCK_EX knows that no other handle exists.
//
//   create   make a file that no process finds (new_file.h), reserve, mode, LOCK_SH, map; the caller fills it; then it
//            gets its name: it appears finished or not at all
//   open     LOCK_EX|LOCK_NB granted: all holders have died; unlink, NOT_FOUND
//            LOCK_SH|LOCK_NB refused: its last holder is about to unlink it; NOT_FOUND
//            LOCK_SH granted, but the name is gone: it was a corpse; open again
//   close    unmap; LOCK_UN; LOCK_EX|LOCK_NB granted: it was the last handle; unlink
//
// Two rules make this correct. First, only a holder of LOCK_EX unlinks a counted object: if the name leads to the
// locked object, it still does when the object is unlinked. Second, the kernel drops a lock with its last descriptor: a
// crash is a close without the unlink, and the next process that checks the object unlinks it. The same is true for a
// close that the system interrupts. A handle that is being closed gives up its SH lock before it tries EX: if two race,
// the second one gets EX.
//
// The FIFOs of bells and leases are in a folder that belongs to the object (fifo_folder.h). The last user of the folder
// removes it. A process that removes an orphaned object also removes the rest of its folder.
//
// Objects without the sticky bit (made by other programs, or persistent) are not counted. Only UnlinkSegment removes
// them.

#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "../shared_memory.h"
#include "at_exit.h"
#include "counted_object.h"
#include "descriptor.h"
#include "fifo_folder.h"
#include "file_calls.h"
#include "foreign_object.h"
#include "mapping.h"
#include "naming.h"
#include "object_path.h"
#include "overlay.h"
#include "reservation.h"
#include "system_failure.h"

namespace memlane {
namespace {

bool IsTrusted(uid_t owner, const OpenOptions& options) {
  if (owner == geteuid() || owner == getuid() || owner == 0 || options.trust_any_owner) return true;
  const auto& trusted = options.trusted_owners;
  return std::find(trusted.begin(), trusted.end(), owner) != trusted.end();
}

class PosixSegment;

// Closes the handles of this process when it exits. process.exit() and uncaught exceptions skip the environment's
// clean-up, but run static destructors. (After a signal, the next process that checks the object removes it.)
class LiveSegments {
 public:
  void Add(PosixSegment* segment) {
    std::lock_guard<std::mutex> guard(mutex_);
    segments_.insert(segment);
  }
  void Remove(PosixSegment* segment) {
    std::lock_guard<std::mutex> guard(mutex_);
    segments_.erase(segment);
  }
  void LetAllGo();

 private:
  std::mutex mutex_;
  std::set<PosixSegment*> segments_;
};

LiveSegments& live_segments() {
  // Never destroyed: a finalizer may run after the functions that the process calls at its end.
  static LiveSegments* segments = [] {
    AtExit([] { live_segments().LetAllGo(); });
    return new LiveSegments;
  }();
  return *segments;
}

class PosixSegment final : public Segment {
 public:
  PosixSegment(std::string name, std::string path, Descriptor descriptor, UnfinishedPath unfinished,
               std::string fifo_folder, Mapping mapping, const View& view, uint64_t object_length, bool counted)
      : name_(std::move(name)),
        path_(std::move(path)),
        fifo_folder_(std::move(fifo_folder)),
        descriptor_(std::move(descriptor)),
        unfinished_(std::move(unfinished)),
        mapping_(std::move(mapping)),
        view_(view),
        data_(mapping_.data()),
        view_length_(mapping_.length()),
        object_length_(object_length),
        counted_(counted),
        locks_(MakeSlotLocks(descriptor_.get(), fifo_folder_, [this] { return EnterFolder(); })) {
    live_segments().Add(this);
  }
  ~PosixSegment() override { Close(); }

  uint8_t* data() const override { return data_; }
  size_t view_length() const override { return view_length_; }
  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  intptr_t handle() const override { return descriptor_.get(); }
  uint64_t object_length() const override { return object_length_; }

  size_t pages_length() const override { return mapping_.base_length(); }

  std::optional<Failure> MoveOnto(void* pages, size_t length) override {
    if (auto failure = MapOver(pages, length, descriptor_, view_, pages_length())) return failure;
    heap_pages_ = pages;
    heap_length_ = length;
    data_ = static_cast<uint8_t*>(pages) + mapping_.delta();
    mapping_.Unmap();
    return std::nullopt;
  }

  bool ClearPages() override {
    return heap_pages_ != nullptr && MapFresh(std::exchange(heap_pages_, nullptr), heap_length_);
  }

  std::optional<Failure> Publish() override {
    auto failure = memlane::Publish(descriptor_, unfinished_, name_, path_);
    if (!failure) unfinished_.Forget();
    return failure;
  }

  void Close() override {
    live_segments().Remove(this);
    mapping_.Unmap();
    LetGo();
  }

  // Leaves the mapping alone: at the exit of the process another thread may still be using it.
  void LetGo() {
    if (!descriptor_.valid()) return;
    locks_->Close();
    if (folder_) folder_->Leave();
    if (counted_) Leave(descriptor_, path_);
    unfinished_.Remove();
    descriptor_.Close();
  }

  const std::shared_ptr<SlotLocks>& locks() const { return locks_; }
  const std::string& fifo_folder() const { return fifo_folder_; }

  Result<std::shared_ptr<FifoFolder>> EnterFolder() const {
    std::lock_guard<std::mutex> guard(mutex_);
    if (folder_) return folder_;
    auto folder = FifoFolder::Enter(descriptor_.get(), fifo_folder_);
    if (folder.ok()) folder_ = folder.value();
    return folder;
  }

 private:
  const std::string name_;
  const std::string path_;
  const std::string fifo_folder_;
  Descriptor descriptor_;
  UnfinishedPath unfinished_;
  Mapping mapping_;
  const View view_;
  void* heap_pages_ = nullptr;  // those of MoveOnto
  size_t heap_length_ = 0;
  uint8_t* data_;
  const size_t view_length_;
  const uint64_t object_length_;
  const bool counted_;
  const std::shared_ptr<SlotLocks> locks_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<FifoFolder> folder_;
};

void LiveSegments::LetAllGo() {
  std::lock_guard<std::mutex> guard(mutex_);
  for (PosixSegment* segment : segments_) segment->LetGo();
  segments_.clear();
}

// Here, every Segment is a PosixSegment.
const PosixSegment& Posix(const Segment& segment) { return static_cast<const PosixSegment&>(segment); }

}  // namespace

std::shared_ptr<SlotLocks> SlotLocksOf(const Segment& segment) { return Posix(segment).locks(); }

Result<std::shared_ptr<FifoFolder>> FifoFolderOf(const Segment& segment) { return Posix(segment).EnterFolder(); }

const std::string& FifoFolderPathOf(const Segment& segment) { return Posix(segment).fifo_folder(); }

Result<std::unique_ptr<Segment>> CreateSegment(const CreateOptions& options, const View& view) {
  const auto found = PathOf(options.name);
  if (!found.ok()) return found.failure();
  const std::string& path = found.value();

  // Checks the name before the reservation, which is expensive. Publish() checks it again.
  auto taken = ClearOrphan(options.name, path);
  if (!taken.ok()) return taken.failure();
  if (taken.value().taken) return AlreadyExists("open");

  auto made = MakeNewFile(path);
  if (!made.ok()) {
    const int error = static_cast<int>(made.failure().os_code);
    if (error == ENOSPC || error == ENOMEM) return ReservationFailure("open", error, options.length, FolderOf(path));
    return made.failure();
  }
  const Descriptor& descriptor = made.value().descriptor;
  auto failure = Reserve(descriptor, options.length, FolderOf(path));
  if (failure && strcmp(failure->code, "NO_SPACE") == 0) {
    ListSegments();  // clears away what crashes have left, under whatever names
    failure = Reserve(descriptor, options.length, FolderOf(path));
  }
  if (failure) return *failure;
  // The mode argument of open is not enough, because the umask clears bits of it.
  mode_t mode = options.mode | (options.persistent ? 0 : kCountedMark);
  if (fchmod(descriptor.get(), mode) != 0) return SystemFailure("SYSTEM", "fchmod", errno);
  if (!options.persistent) {
    const auto locked = TryFlock(descriptor, LOCK_SH);
    if (!locked.ok()) return locked.failure();
  }

  auto mapping = Map(descriptor, options.length, view);
  if (!mapping.ok()) return mapping.failure();
  struct stat status;
  if (fstat(descriptor.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  auto segment = std::make_unique<PosixSegment>(options.name, path, std::move(made.value().descriptor),
                                                std::move(made.value().unfinished), FifoFolderPath(path, status.st_ino),
                                                std::move(mapping.value()), view, options.length, !options.persistent);
  // If other users may write, one of them could make the folder first. Then this user could not remove it.
  if ((options.mode & (S_IWGRP | S_IWOTH)) != 0) {
    const auto folder = segment->EnterFolder();
    if (!folder.ok()) return folder.failure();
  }
  return std::unique_ptr<Segment>(std::move(segment));
}

Result<std::unique_ptr<Segment>> OpenSegment(const OpenOptions& options, const View& view) {
  const auto found = PathOf(options.name);
  if (!found.ok()) return found.failure();
  const std::string& path = found.value();
  const int flags = view.access == Access::kReadWrite ? O_RDWR : O_RDONLY;
  for (;;) {
    auto opened = OpenObject(options.name, path, flags);
    if (!opened.ok()) return opened.failure();
    OpenedFile& file = opened.value();
    if (!IsTrusted(file.status.st_uid, options)) {
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
      if (presence == Presence::kOrphan)
        UnlinkObject(file.descriptor, path);  // if this process may not, the owner's next create does
      if (presence != Presence::kAlive) return SystemFailure("NOT_FOUND", "open", ENOENT);
    }
    const uint64_t object_length = static_cast<uint64_t>(file.status.st_size);
    auto mapping = Map(file.descriptor, object_length, view);
    // Only counted objects are sure to have all pages. (A reader cannot reserve them; see docs/platforms.md.)
    std::optional<Failure> failure;
    if (!mapping.ok()) {
      failure = mapping.failure();
    } else if (!counted && file.is_file) {
      KeepFromCleaner(file.descriptor.get());
      if (view.access == Access::kReadWrite)
        failure = ReserveForeign(file.descriptor, view.offset, mapping.value().length(), FolderOf(path));
    }
    if (failure) {
      if (counted) Leave(file.descriptor, path);  // the last other holder may have closed, and left the object to us
      return *failure;
    }
    return std::unique_ptr<Segment>(new PosixSegment(options.name, path, std::move(file.descriptor), UnfinishedPath(),
                                                     std::move(file.fifo_folder), std::move(mapping.value()), view,
                                                     object_length, counted));
  }
}

Result<bool> UnlinkSegment(const std::string& name) {
  const auto found = PathOf(name);
  if (!found.ok()) return found.failure();
  const std::string& path = found.value();
  auto opened = OpenObject(name, path, O_RDONLY);
  if (!opened.ok()) return opened.failure();
  OpenedFile& file = opened.value();
  if (!file.is_file) {
    ClearFifoFolder(file.fifo_folder);
    return UnlinkForeignObject(name);
  }
  if (IsCounted(file.status)) {
    const auto alone = TryFlock(file.descriptor, LOCK_EX);
    if (!alone.ok()) return alone.failure();
    if (!alone.value()) return SystemFailure("IN_USE", "flock", EWOULDBLOCK);
  }
  auto removed = UnlinkObject(file.descriptor, path);
  if (removed.ok() && !removed.value()) return SystemFailure("NOT_FOUND", "unlink", ENOENT);
  return removed;
}

}  // namespace memlane
