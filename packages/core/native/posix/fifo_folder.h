// The folder of a memory's bells and leases: .memlane.N, beside the memory's file. N is the file's inode number. So the
// folder belongs to the memory itself, even if the memory loses its name, and no process must search for it. Bells are
// FIFOs; leases are FIFOs, too, or plain files, depending on the system.
//
// The first user makes the folder, and the last user removes it. Every segment with a bell or a lease holds
// flock(LOCK_SH) on the folder. A segment that gets LOCK_EX knows that it is the only user. If a crash has left the
// folder, the process that next removes the memory, or lists all memory, removes it.
//
// The folder admits the users that the memory admits. Unlike /dev/shm it is not sticky: all these users may replace and
// remove its files.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// The users that a memory admits. The folder and its files are refused if another user made them.
struct Admission {
  uid_t owner;
  gid_t group;
  mode_t mode;
};

// One segment's share in the folder. Any thread may use it. If another program has removed the folder, it is made
// again.
class FifoFolder {
 public:
  // `object`: a descriptor of the memory. `path`: of its folder.
  static Result<std::shared_ptr<FifoFolder>> Enter(int object, const std::string& path);
  // Opens a plain file of the folder without entering it. No descriptor if there is no folder or no such file.
  static Result<Descriptor> Peek(int object, const std::string& path, const std::string& name);
  FifoFolder(const FifoFolder&) = delete;
  ~FifoFolder() { Leave(); }

  // Opens a file: a FIFO, unless `type` is S_IFREG. Never blocks. No descriptor if there is none. ACCESS_DENIED if an
  // admitted user cannot have made it.
  Result<Descriptor> Open(const std::string& name, int flags, mode_t type = S_IFIFO);
  // For reading and writing; makes it if there is none.
  Result<Descriptor> OpenOrMake(const std::string& name, mode_t type = S_IFIFO);
  // Makes a new FIFO for reading and writing. It replaces any file of that name. Only one caller per name at a time.
  Result<Descriptor> Replace(const std::string& name);
  // Removes a file, if the name leads to it.
  void Remove(const std::string& name, const Descriptor& file);
  // Whether the name leads to that file.
  bool Has(const std::string& name, const Descriptor& file);
  // Writes a byte to a FIFO, if it exists, when the process has no descriptors left. Uses the descriptor kept in
  // reserve.
  std::optional<Failure> WriteBySpare(const std::string& name);

  // Gives up the folder, and removes it if it has no other user. Later calls find no FIFO.
  void Leave();

 private:
  FifoFolder(std::string path, const Admission& admission, Descriptor folder);

  Result<Descriptor> OpenHere(const std::string& name, int flags, mode_t type);
  Result<Descriptor> MakeHere(const std::string& unfinished, mode_t type);
  bool HasHere(const std::string& name, const Descriptor& file);
  Result<bool> Renew();
  void KeepSpare();

  std::mutex mutex_;
  const std::string path_;
  const Admission admission_;
  Descriptor folder_;
  Descriptor spare_;
};

// Whether a path is that of such a folder, finished or not.
bool IsFifoFolder(const std::string& path);

// Removes the folder if no segment uses it.
void ClearFifoFolder(const std::string& path);

// The path of the folder of a memory, given the path and the inode number of the memory's file.
std::string FifoFolderPath(const std::string& path, ino_t inode);

// The same for memory that is no file (foreign_object.h), given the path that its file would have.
std::string ForeignFifoFolderPath(const std::string& path);

}  // namespace memlane
