#include "fifo_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <vector>

#include "counted_object.h"
#include "fifo.h"
#include "file_calls.h"
#include "named.h"
#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

constexpr char kPrefix[] = ".memlane.";
constexpr char kForeign[] = "shm.";
constexpr char kUnfinishedSuffix[] = ".new";  // and perhaps a number

// The most unfinished copies of one folder or FIFO: processes are making them, or were killed while they made them.
constexpr int kMostUnfinished = 1000;

// How often to try again while other processes make or remove the same folder. That takes them microseconds, unless one
// of them is stopped at that moment.
constexpr int kAttempts = 250;
constexpr useconds_t kAttemptMicroseconds = 1000;

// Whether a user that the memory admits can have made the file. The file's group can prove that: a process can give a
// file only to a group that the process belongs to. (On macOS, the group of /var/tmp proves nothing. No memory has it:
// see macos/new_file.cc.)
bool CanHaveMade(const struct stat& status, const Admission& admission) {
  if (status.st_uid == admission.owner || status.st_uid == geteuid() || status.st_uid == 0) return true;
  if ((admission.mode & S_IWGRP) != 0 && status.st_gid == admission.group) return true;
  return (admission.mode & S_IWOTH) != 0;
}

Failure StrangersFailure(const std::string& path, const struct stat& status) {
  const std::string owner = std::to_string(status.st_uid);
  return Failure{"ACCESS_DENIED", "open", EACCES,
                 path + " belongs to user " + owner + ", whom the memory does not admit"};
}

Failure MakeFailure(const char* syscall, int error) {
  const bool no_space = error == ENOSPC || error == EDQUOT;
  return SystemFailure(no_space ? "NO_SPACE" : IsDenied(error) ? "ACCESS_DENIED" : "SYSTEM", syscall, error);
}

// Gives a new file its permission bits, independent of the umask, and the owner and group of the memory if possible. A
// process that is not root cannot change the owner, and a process outside the group cannot set the group.
bool Admit(const Descriptor& file, const Admission& admission, mode_t mode) {
  const uid_t owner = geteuid() == 0 ? admission.owner : static_cast<uid_t>(-1);
  [[maybe_unused]] const int given = fchown(file.get(), owner, admission.group);
  return fchmod(file.get(), mode) == 0;
}

// Users that may write the memory may make FIFOs; those that may read it may open them.
mode_t FolderMode(mode_t mode) {
  const auto bits = [&](mode_t write, mode_t read, int shift) {
    return static_cast<mode_t>((mode & write) != 0 ? 7 << shift : (mode & read) != 0 ? 5 << shift : 0);
  };
  return 0700 | bits(S_IWGRP, S_IRGRP, 3) | bits(S_IWOTH, S_IROTH, 0);
}

Descriptor OpenDirectory(const std::string& path) {
  return Descriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The caller must hold LOCK_EX.
void RemoveFolder(Descriptor folder, const std::string& path) {
  const int fd = folder.get();
  DIR* directory = fdopendir(fd);
  if (directory == nullptr) return;
  folder.Release();  // closedir closes it
  // Removing files between two calls of readdir makes some file systems leave others out.
  std::vector<std::string> files;
  while (const dirent* entry = readdir(directory)) files.push_back(entry->d_name);
  for (const std::string& file : files) unlinkat(fd, file.c_str(), 0);
  const auto named = IsNamed(fd, path);
  if (named.ok() && named.value()) rmdir(path.c_str());
  closedir(directory);
}

// Gives back a user's share in the folder.
void LeaveFolder(Descriptor folder, const std::string& path) {
  flock(folder.get(), LOCK_UN);  // as in Leave (counted_object.h)
  const auto last = TryFlock(folder, LOCK_EX);
  if (last.ok() && last.value()) RemoveFolder(std::move(folder), path);
}

// Makes the folder under a temporary name, so that no process finds it unfinished, and renames it. No descriptor if
// another process was faster, or removed the unfinished folder because it looked like the leftover of a crash.
Result<Descriptor> MakeFolder(const std::string& path, const Admission& admission) {
  std::string unfinished = path + kUnfinishedSuffix;
  for (int others = 0; mkdir(unfinished.c_str(), 0700) != 0;) {
    const int error = errno;
    if (error != EEXIST || ++others == kMostUnfinished) return MakeFailure("mkdir", error);
    unfinished = path + kUnfinishedSuffix + std::to_string(others);
  }
  const auto give_up = [&](const Failure& failure) -> Result<Descriptor> {
    rmdir(unfinished.c_str());
    return failure;
  };
  Descriptor folder = OpenDirectory(unfinished);
  if (!folder.valid()) {
    const int error = errno;
    return error == ENOENT ? Result<Descriptor>(Descriptor()) : give_up(SystemFailure("SYSTEM", "open", error));
  }
  if (!Admit(folder, admission, FolderMode(admission.mode))) return give_up(SystemFailure("SYSTEM", "fchmod", errno));
  const auto shared = TryFlock(folder, LOCK_SH);
  if (!shared.ok()) return give_up(shared.failure());
  if (!shared.value()) return Descriptor();
  if (RenameIfFree(AT_FDCWD, unfinished, AT_FDCWD, path) == 0) return folder;
  const int error = errno;
  if (error == ENOENT) return Descriptor();
  if (error != EEXIST) return give_up(MakeFailure(kRenameIfFree, error));
  rmdir(unfinished.c_str());
  return Descriptor();
}

Result<Admission> AdmissionOf(int object) {
  struct stat status;
  if (fstat(object, &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  return Admission{status.st_uid, status.st_gid, static_cast<mode_t>(status.st_mode & 0777)};
}

// No descriptor if the folder does not exist.
Result<Descriptor> OpenAdmitted(const std::string& path, const Admission& admission) {
  Descriptor folder = OpenDirectory(path);
  if (!folder.valid()) {
    const int error = errno;
    if (error == ENOENT) return folder;
    const bool refused = error == EACCES || error == ELOOP || error == ENOTDIR;
    return SystemFailure(refused ? "ACCESS_DENIED" : "SYSTEM", "open", error);
  }
  struct stat status;
  if (fstat(folder.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!CanHaveMade(status, admission)) return StrangersFailure(path, status);
  return folder;
}

// No descriptor if the folder has no such file.
Result<Descriptor> OpenIn(const Descriptor& folder, const std::string& path, const Admission& admission,
                          const std::string& name, int flags, mode_t type) {
  Descriptor file(openat(folder.get(), name.c_str(), flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) {
    const int error = errno;
    if (error == ENOENT) return file;
    return SystemFailure(error == EACCES || error == ELOOP ? "ACCESS_DENIED" : "SYSTEM", "openat", error);
  }
  struct stat status;
  if (fstat(file.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if ((status.st_mode & S_IFMT) != type) {
    return Failure{"ACCESS_DENIED", "openat", 0, type == S_IFIFO ? "not a FIFO" : "not a plain file"};
  }
  if (!CanHaveMade(status, admission)) return StrangersFailure(path + '/' + name, status);
  return file;
}

// No descriptor if the folder does not exist, or if its last user is removing it. `removed` tells the second case.
Result<Descriptor> OpenFolder(const std::string& path, const Admission& admission, bool& removed) {
  auto opened = OpenAdmitted(path, admission);
  if (!opened.ok() || !opened.value().valid()) return opened;
  Descriptor folder = std::move(opened.value());
  const auto shared = TryFlock(folder, LOCK_SH);
  if (!shared.ok()) return shared.failure();
  removed = !shared.value();
  if (removed) return Descriptor();
  const auto named = IsNamed(folder.get(), path);
  if (!named.ok()) return named.failure();
  removed = !named.value();
  return removed ? Result<Descriptor>(Descriptor()) : Result<Descriptor>(std::move(folder));
}

Result<Descriptor> OpenOrMakeFolder(const std::string& path, const Admission& admission) {
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    bool removed = false;
    auto there = OpenFolder(path, admission, removed);
    if (!there.ok() || there.value().valid()) return there;
    if (removed) {
      usleep(kAttemptMicroseconds);
      continue;
    }
    auto made = MakeFolder(path, admission);
    if (!made.ok() || made.value().valid()) return made;
  }
  return SystemFailure("NOT_READY", "flock", EWOULDBLOCK);
}

}  // namespace

std::string FifoFolderPath(const std::string& path, ino_t inode) {
  return FolderOf(path) + '/' + kPrefix + std::to_string(inode);
}

std::string ForeignFifoFolderPath(const std::string& path) {
  return FolderOf(path) + '/' + kPrefix + kForeign + FileOf(path);
}

bool IsFifoFolder(const std::string& path) {
  const std::string file = FileOf(path);
  const size_t prefix = strlen(kPrefix);
  if (file.compare(0, prefix, kPrefix) != 0) return false;
  if (file.compare(prefix, strlen(kForeign), kForeign) == 0) return true;
  const std::string number = file.substr(prefix, file.find(kUnfinishedSuffix, prefix) - prefix);
  return !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
}

void ClearFifoFolder(const std::string& path) {
  Descriptor folder = OpenDirectory(path);
  if (folder.valid()) LeaveFolder(std::move(folder), path);
}

FifoFolder::FifoFolder(std::string path, const Admission& admission, Descriptor folder)
    : path_(std::move(path)), admission_(admission), folder_(std::move(folder)) {
  KeepSpare();
}

Result<std::shared_ptr<FifoFolder>> FifoFolder::Enter(int object, const std::string& path) {
  const auto admission = AdmissionOf(object);
  if (!admission.ok()) return admission.failure();
  auto folder = OpenOrMakeFolder(path, admission.value());
  if (!folder.ok()) return folder.failure();
  return std::shared_ptr<FifoFolder>(new FifoFolder(path, admission.value(), std::move(folder.value())));
}

Result<Descriptor> FifoFolder::Peek(int object, const std::string& path, const std::string& name) {
  const auto admission = AdmissionOf(object);
  if (!admission.ok()) return admission.failure();
  auto folder = OpenAdmitted(path, admission.value());
  if (!folder.ok() || !folder.value().valid()) return folder;
  return OpenIn(folder.value(), path, admission.value(), name, O_RDONLY, S_IFREG);
}

void FifoFolder::KeepSpare() { spare_ = Descriptor(fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0)); }

// Enters the folder again if it has lost its name. False if it still has its name.
Result<bool> FifoFolder::Renew() {
  const auto named = IsNamed(folder_.get(), path_);
  if (!named.ok()) return named.failure();
  if (named.value()) return false;
  auto folder = OpenOrMakeFolder(path_, admission_);
  if (!folder.ok()) return folder.failure();
  folder_ = std::move(folder.value());
  KeepSpare();
  return true;
}

Result<Descriptor> FifoFolder::OpenHere(const std::string& name, int flags, mode_t type) {
  return OpenIn(folder_, path_, admission_, name, flags, type);
}

// ENOENT: the folder has lost its name.
Result<Descriptor> FifoFolder::MakeHere(const std::string& unfinished, mode_t type) {
  if (type == S_IFIFO) {
    if (MakeFifo(folder_.get(), path_, unfinished) != 0) return MakeFailure(kMakeFifo, errno);
  } else {
    const Descriptor made(openat(folder_.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made.valid()) return MakeFailure("openat", errno);
  }
  auto file = OpenHere(unfinished, O_RDWR, type);
  if (file.ok() && !file.value().valid()) return SystemFailure("SYSTEM", "openat", ENOENT);
  if (file.ok() && !Admit(file.value(), admission_, 0600 | admission_.mode)) {
    file = SystemFailure("SYSTEM", "fchmod", errno);
  }
  if (!file.ok()) unlinkat(folder_.get(), unfinished.c_str(), 0);
  return file;
}

Result<Descriptor> FifoFolder::Open(const std::string& name, int flags, mode_t type) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (!folder_.valid()) return Descriptor();
  auto file = OpenHere(name, flags, type);
  if (!file.ok() || file.value().valid()) return file;
  const auto renewed = Renew();
  if (!renewed.ok()) return renewed.failure();
  return renewed.value() ? OpenHere(name, flags, type) : Result<Descriptor>(Descriptor());
}

Result<Descriptor> FifoFolder::OpenOrMake(const std::string& name, mode_t type) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (!folder_.valid()) return SystemFailure("CLOSED", "openat", EBADF);
  int others = 0;
  for (int attempt = 0; attempt < kMostUnfinished; attempt++) {
    auto there = OpenHere(name, O_RDWR, type);
    if (!there.ok() || there.value().valid()) return there;
    const std::string unfinished = name + kUnfinishedSuffix + (others == 0 ? "" : std::to_string(others));
    auto made = MakeHere(unfinished, type);
    if (!made.ok()) {
      const long error = made.failure().os_code;
      if (error == EEXIST) {
        others++;
        continue;
      }
      if (error != ENOENT) return made;
      const auto renewed = Renew();
      if (!renewed.ok()) return renewed.failure();
      continue;
    }
    if (RenameIfFree(folder_.get(), unfinished, folder_.get(), name) == 0) return made;
    const int error = errno;
    unlinkat(folder_.get(), unfinished.c_str(), 0);
    if (error != EEXIST && error != ENOENT) return SystemFailure("SYSTEM", kRenameIfFree, error);
  }
  return SystemFailure("SYSTEM", kRenameIfFree, EEXIST);
}

Result<Descriptor> FifoFolder::Replace(const std::string& name) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (!folder_.valid()) return SystemFailure("CLOSED", "openat", EBADF);
  const std::string unfinished = name + kUnfinishedSuffix;
  for (int attempt = 0;; attempt++) {
    // Removes what a killed caller has left.
    if (unlinkat(folder_.get(), unfinished.c_str(), 0) != 0 && errno != ENOENT) return MakeFailure("unlinkat", errno);
    auto made = MakeHere(unfinished, S_IFIFO);
    if (made.ok()) {
      if (renameat(folder_.get(), unfinished.c_str(), folder_.get(), name.c_str()) == 0) return made;
      made = MakeFailure("renameat", errno);
      unlinkat(folder_.get(), unfinished.c_str(), 0);
    }
    if (made.failure().os_code != ENOENT || attempt == kAttempts) return made;
    const auto renewed = Renew();
    if (!renewed.ok()) return renewed.failure();
  }
}

bool FifoFolder::HasHere(const std::string& name, const Descriptor& file) {
  struct stat own, named;
  if (!folder_.valid() || fstat(file.get(), &own) != 0) return false;
  if (fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

bool FifoFolder::Has(const std::string& name, const Descriptor& file) {
  std::lock_guard<std::mutex> guard(mutex_);
  return HasHere(name, file);
}

void FifoFolder::Remove(const std::string& name, const Descriptor& file) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (HasHere(name, file)) unlinkat(folder_.get(), name.c_str(), 0);
}

std::optional<Failure> FifoFolder::WriteBySpare(const std::string& name) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (!folder_.valid()) return std::nullopt;
  spare_.Close();
  auto fifo = OpenHere(name, O_RDWR, S_IFIFO);
  if (!fifo.ok()) return fifo.failure();
  std::optional<Failure> failure;
  if (fifo.value().valid()) failure = WriteByte(fifo.value());
  fifo.value().Close();
  KeepSpare();
  return failure;
}

void FifoFolder::Leave() {
  std::lock_guard<std::mutex> guard(mutex_);
  spare_.Close();
  if (folder_.valid()) LeaveFolder(std::move(folder_), path_);
}

}  // namespace memlane
