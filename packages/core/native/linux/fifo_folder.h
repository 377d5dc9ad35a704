// The folder in which the FIFOs of a memory's bells and leases lie: /dev/shm/.memlane.N, N being the inode number of
// the memory's file. So it goes with the memory itself, whatever becomes of its name, and nobody has to search
// /dev/shm.
//
// Its first user makes it, and its last one removes it: every segment with a bell or a lease holds flock(LOCK_SH) on
// the folder, and one that gets LOCK_EX knows that no other is there. A crash leaves the folder to whoever clears away
// the memory, or lists what there is.
//
// It admits whom the memory admits. Unlike /dev/shm it is not sticky: all of them may replace and remove its FIFOs.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// The users that a memory admits; no other may have made its folder, or what lies in it.
struct Admission {
  uid_t owner;
  gid_t group;
  mode_t mode;
};

// One segment's share in the folder. May be used from any thread. Should the folder have been removed from outside, it
// is made again.
class FifoFolder {
 public:
  static Result<std::shared_ptr<FifoFolder>> Enter(int object);
  FifoFolder(const FifoFolder&) = delete;
  ~FifoFolder() { Leave(); }

  // Opens a FIFO. Never blocks. No descriptor if there is none. ACCESS_DENIED if it cannot be one of ours.
  Result<Descriptor> Open(const std::string& name, int flags);
  // For reading and writing; makes it if there is none.
  Result<Descriptor> OpenOrMake(const std::string& name);
  // Makes a new one for reading and writing, which takes the place of whatever has that name. One caller at a time.
  Result<Descriptor> Replace(const std::string& name);
  // Removes a FIFO, if the name leads to it.
  void Remove(const std::string& name, const Descriptor& fifo);
  // Writes a byte to a FIFO, if there is one, by way of the descriptor that is kept for it: when no other is to be had.
  std::optional<Failure> WriteBySpare(const std::string& name);

  // Lets go of the folder, and removes it if nobody else is there. What is asked of it after that finds nothing.
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

// Removes the folder if nobody is there.
void ClearFifoFolder(const std::string& path);

// The path of the folder of a memory.
std::string FifoFolderPath(ino_t memory);

}  // namespace memlane
