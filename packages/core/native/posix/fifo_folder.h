// The folder of the FIFOs of a memory's bells and leases: /dev/shm/.memlane.N. N is the inode number of the memory's
// file. So the folder belongs to the memory itself, even if the memory loses its name, and no process must search
// /dev/shm.
//
// The first user makes the folder, and the last user removes it. Every segment with a bell or a lease holds
// flock(LOCK_SH) on the folder. A segment that gets LOCK_EX knows that it is the only user. If a crash has left the
// folder, the process that next removes the memory, or lists all memory, removes it.
//
// The folder admits the users that the memory admits. Unlike /dev/shm it is not sticky: all these users may replace and
// remove its FIFOs.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// The users that a memory admits. The folder and its FIFOs are refused if another user made them.
struct Admission {
  uid_t owner;
  gid_t group;
  mode_t mode;
};

// One segment's share in the folder. Any thread may use it. If another program has removed the folder, it is made
// again.
class FifoFolder {
 public:
  static Result<std::shared_ptr<FifoFolder>> Enter(int object);
  FifoFolder(const FifoFolder&) = delete;
  ~FifoFolder() { Leave(); }

  // Opens a FIFO. Never blocks. No descriptor if there is no FIFO. ACCESS_DENIED if an admitted user cannot have made
  // it.
  Result<Descriptor> Open(const std::string& name, int flags);
  // For reading and writing; makes it if there is none.
  Result<Descriptor> OpenOrMake(const std::string& name);
  // Makes a new FIFO for reading and writing. It replaces any file of that name. Only one caller per name at a time.
  Result<Descriptor> Replace(const std::string& name);
  // Removes a FIFO, if the name leads to it.
  void Remove(const std::string& name, const Descriptor& fifo);
  // Writes a byte to a FIFO, if it exists, when the process has no descriptors left. Uses the descriptor kept in
  // reserve.
  std::optional<Failure> WriteBySpare(const std::string& name);

  // Gives up the folder, and removes it if it has no other user. Later calls find no FIFO.
  void Leave();

 private:
  FifoFolder(std::string path, const Admission& admission, Descriptor folder);

  Result<Descriptor> OpenHere(const std::string& name, int flags);
  Result<Descriptor> MakeHere(const std::string& unfinished);
  Result<bool> Renew();
  void KeepSpare();

  std::mutex mutex_;
  const std::string path_;
  const Admission admission_;
  Descriptor folder_;
  Descriptor spare_;
};

// Whether a file in /dev/shm is such a folder, finished or not.
bool IsFifoFolder(const std::string& path);

// Removes the folder if no segment uses it.
void ClearFifoFolder(const std::string& path);

// The path of the folder of a memory.
std::string FifoFolderPath(ino_t memory);

}  // namespace memlane
