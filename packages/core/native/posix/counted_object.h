// A counted object lives until its last handle is closed. segment.cc has the protocol.
#pragma once

#include <errno.h>
#include <sys/stat.h>

#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// The sticky bit, which these systems ignore on regular files, marks a file as a counted object.
constexpr mode_t kCountedMark = S_ISVTX;

inline bool IsCounted(const struct stat& status) { return (status.st_mode & kCountedMark) != 0; }

// False if another handle's lock is in the way. `operation`: LOCK_SH or LOCK_EX.
Result<bool> TryFlock(const Descriptor& descriptor, int operation);

struct OpenedFile {
  Descriptor descriptor;
  struct stat status;
  std::string fifo_folder;  // the path of the folder of its bells and leases
  bool is_file;             // false: an object that only shm_open finds (foreign_object.h)
};

// Opens an object, counted or not. Follows no symbolic link, and never blocks.
Result<OpenedFile> OpenFile(const std::string& path, int flags);

enum class Presence {
  kAlive,   // and the caller now holds it, too
  kOrphan,  // all holders have died; the caller holds LOCK_EX
  kDying,   // another handle holds LOCK_EX and is about to unlink the object
  kCorpse,  // unlinked between the caller's open and its lock
};

// Takes a holder's lock, if the object lives.
Result<Presence> Join(const Descriptor& descriptor, const std::string& path);

// Gives a holder's lock back, and removes the object if this was the last holder. Two steps, because systems differ in
// what a refused upgrade of a lock does: Linux drops the shared lock, macOS keeps it.
void Leave(const Descriptor& descriptor, const std::string& path);

// Removes the object, and its folder of FIFOs if a crash has left one. The caller must hold LOCK_EX. False if the name
// no longer leads to the object.
Result<bool> UnlinkObject(const Descriptor& descriptor, const std::string& path);

// EROFS: the file system is mounted read-only.
inline bool IsDenied(int error) { return error == EACCES || error == EPERM || error == EROFS; }

}  // namespace memlane
