// Stands between the native code and the C library (the linker's --wrap). Numbers the native code's calls to the
// system, and makes one of them fail, or kills the process after it.
#pragma once

#include <string>
#include <vector>

namespace memlane::test {

struct Fault {
  int call = 0;          // the number of the call, from 1; 0: none
  int error = 0;         // the errno of the failure; 0: the call succeeds, and then the process is killed
  bool lasting = false;  // all later calls of the same function fail, too
};

// A record of the calls, for another process to read.
struct Calls {
  static constexpr int kMost = 512;
  int count;
  const char* functions[kMost];
};

// Takes effect at once, in this process.
void Arm(const Fault& fault, Calls* calls);
void Disarm();

// The errors that a function can fail with here.
const std::vector<int>& ErrorsOf(const std::string& function);

// True if the error only shows what other processes did, and is no failure of the system.
bool IsAnswer(const std::string& function, int error);

}  // namespace memlane::test
