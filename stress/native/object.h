// Helpers of the tests: unique names, short ways to create and open objects, counts of the files that are left of a
// name, and child processes that can be killed.
#pragma once

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "check.h"
#include "posix/fifo_folder.h"
#include "shared_memory.h"

namespace memlane::test {

inline std::string UniqueName() {
  static int count = 0;
  return "/memlane-native." + std::to_string(getpid()) + '.' + std::to_string(count++) + '.';
}

inline Result<std::unique_ptr<Segment>> Create(const std::string& name, uint64_t length = 64, bool persistent = false) {
  CreateOptions options;
  options.name = name;
  options.length = length;
  options.persistent = persistent;
  return CreateSegment(options, View());
}

inline std::unique_ptr<Segment> Published(const std::string& name, uint64_t length = 64, bool persistent = false) {
  auto segment = MUST(Create(name, length, persistent));
  MUST(segment->Publish());
  return segment;
}

inline Result<std::unique_ptr<Segment>> Open(const std::string& name, const View& view = View()) {
  OpenOptions options;
  options.name = name;
  return OpenSegment(options, view);
}

template <typename Value>
bool FailsWith(const Result<Value>& result, const char* code) {
  return !result.ok() && strcmp(result.failure().code, code) == 0;
}

// The folder of an object's bells and leases.
inline std::string FifoFolderOf(const Segment& segment) {
  struct stat status;
  CHECK(fstat(static_cast<int>(segment.handle()), &status) == 0);
  return FifoFolderPath(segment.path(), status.st_ino);
}

inline bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// How many files such a folder has; 0 if there is none.
inline int CountFifos(const std::string& folder) {
  int count = 0;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

// How many files in /dev/shm begin with the name.
inline int CountFiles(const std::string& name) {
  int count = 0;
  DIR* directory = opendir("/dev/shm");
  CHECK(directory != nullptr);
  while (const dirent* entry = readdir(directory)) count += strncmp(entry->d_name, &name[1], name.size() - 1) == 0;
  closedir(directory);
  return count;
}

inline int CountDescriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  CHECK(directory != nullptr);
  while (readdir(directory) != nullptr) count++;
  closedir(directory);
  return count;
}

// A child process. It has done `work` when the constructor returns, and then waits until it is ended.
class Child {
 public:
  template <typename Work>
  explicit Child(Work work) {
    int ready[2];
    CHECK(pipe(ready) == 0);
    CHECK(pipe(leave_) == 0);
    pid_ = fork();
    CHECK(pid_ >= 0);
    if (pid_ == 0) {
      close(leave_[1]);
      const auto held = work();
      CHECK(write(ready[1], "", 1) == 1);
      char byte;
      CHECK(read(leave_[0], &byte, 1) == 1);
      exit(0);  // while it still holds the result of `work`
    }
    close(ready[1]);
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(leave_[0]);
  }
  ~Child() { close(leave_[1]); }

  void Kill() {
    CHECK(kill(pid_, SIGKILL) == 0);
    const int status = Wait();
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }

  // Makes the child call exit().
  void Exit() {
    CHECK(write(leave_[1], "", 1) == 1);
    const int status = Wait();
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

 private:
  int Wait() {
    int status;
    CHECK(waitpid(pid_, &status, 0) == pid_);
    return status;
  }

  int leave_[2];
  pid_t pid_;
};

}  // namespace memlane::test
