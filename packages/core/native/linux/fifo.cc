#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object_path.h"
#include "system_failure.h"

namespace memlane {
namespace {

// Of one bell or lease: being made just now, or left by those who were killed meanwhile.
constexpr int kMostUnfinished = 1000;

// Of opening a bell that others make and remove all the time.
constexpr int kAttempts = 100;

// Nobody can give a file to a group without being in it.
bool CanHaveMade(const struct stat& fifo, const Admission& admission) {
  if (fifo.st_uid == admission.owner || fifo.st_uid == geteuid() || fifo.st_uid == 0) return true;
  if ((admission.mode & S_IWGRP) != 0 && fifo.st_gid == admission.group) return true;
  return (admission.mode & S_IWOTH) != 0;
}

}  // namespace

Result<Admission> AdmissionTo(int object) {
  struct stat status;
  if (fstat(object, &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  return Admission{status.st_uid, status.st_gid, status.st_mode & 0777};
}

Result<Descriptor> OpenFifo(const std::string& path, int flags, const Admission& admission) {
  Descriptor fifo(open(path.c_str(), flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fifo.valid()) {
    const int error = errno;
    if (error == ENOENT) return fifo;
    return SystemFailure(error == EACCES || error == ELOOP ? "ACCESS_DENIED" : "SYSTEM", "open", error);
  }
  struct stat status;
  if (fstat(fifo.get(), &status) != 0) return SystemFailure("SYSTEM", "fstat", errno);
  if (!S_ISFIFO(status.st_mode)) return Failure{"ACCESS_DENIED", "open", 0, "not a FIFO"};
  if (!CanHaveMade(status, admission)) {
    const std::string owner = std::to_string(status.st_uid);
    return Failure{"ACCESS_DENIED", "open", EACCES,
                   path + " belongs to user " + owner + ", whom the memory does not admit"};
  }
  return fifo;
}

Result<NewFifo> MakeFifo(const std::string& path, const Admission& admission) {
  std::string unfinished = path + kUnfinishedSuffix;
  for (int others = 0; mkfifo(unfinished.c_str(), 0600) != 0;) {
    const int error = errno;
    if (error != EEXIST || ++others == kMostUnfinished) {
      return SystemFailure(error == ENOSPC ? "NO_SPACE" : "SYSTEM", "mkfifo", error);
    }
    unfinished = path + kUnfinishedSuffix + std::to_string(others);
  }
  const auto giveUp = [&](const Failure& failure) {
    unlink(unfinished.c_str());
    return failure;
  };
  auto fifo = OpenFifo(unfinished, O_RDWR, admission);
  if (!fifo.ok()) return giveUp(fifo.failure());
  if (!fifo.value().valid()) return SystemFailure("SYSTEM", "open", ENOENT);
  // Who is not root, or not of that group, cannot give it away, and keeps it.
  const uid_t owner = geteuid() == 0 ? admission.owner : static_cast<uid_t>(-1);
  [[maybe_unused]] const int given = fchown(fifo.value().get(), owner, admission.group);
  // Not by mkfifo's argument, which the umask cuts.
  if (fchmod(fifo.value().get(), admission.mode | kFifoMark) != 0) {
    return giveUp(SystemFailure("SYSTEM", "fchmod", errno));
  }
  return NewFifo{std::move(fifo.value()), unfinished};
}

Result<Descriptor> OpenOrMakeFifo(const std::string& path, const Admission& admission) {
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    auto there = OpenFifo(path, O_RDWR, admission);
    if (!there.ok() || there.value().valid()) return there;
    auto made = MakeFifo(path, admission);
    if (!made.ok()) return made.failure();
    const char* unfinished = made.value().path.c_str();
    if (renameat2(AT_FDCWD, unfinished, AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
      return std::move(made.value().descriptor);
    }
    const int error = errno;
    unlink(unfinished);
    if (error != EEXIST) return SystemFailure("SYSTEM", "renameat2", error);
  }
  return SystemFailure("SYSTEM", "renameat2", EEXIST);
}

}  // namespace memlane
