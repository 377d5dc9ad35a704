// A file that becomes an object when it gets its name. No process finds it before. One implementation per system:
// linux/new_file.cc, macos/new_file.cc.
#pragma once

#include <unistd.h>

#include <string>
#include <utility>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// The path that a new file has until it gets its name; empty if it has none. Removed with this object.
class UnfinishedPath {
 public:
  explicit UnfinishedPath(std::string path = {}) : path_(std::move(path)) {}
  UnfinishedPath(UnfinishedPath&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~UnfinishedPath() { Remove(); }
  void Remove() {
    if (!path_.empty()) unlink(std::exchange(path_, {}).c_str());
  }
  // The file has lost that path.
  void Forget() { path_.clear(); }
  const std::string& get() const { return path_; }

 private:
  std::string path_;
};

struct NewFile {
  Descriptor descriptor;
  UnfinishedPath unfinished;
};

// Makes the file where an object of that path can be. A file with an unfinished path is locked (flock), so that no
// process takes it for the leftover of a crash.
Result<NewFile> MakeNewFile(const std::string& path);

// Gives the file its name. False if the name is taken: then the call kNamingCall has failed with EEXIST.
Result<bool> TryName(const Descriptor& descriptor, const UnfinishedPath& unfinished, const std::string& path);

extern const char kNamingCall[];

// Whether a path is that of an unfinished file.
bool IsUnfinished(const std::string& path);

}  // namespace memlane
