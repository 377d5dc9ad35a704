// Stands between the native code and the C library (the linker's --wrap): numbers each call that it makes to the
// system, and has one of them fail, or be the last thing that the process does.
#pragma once

#include <string>
#include <vector>

namespace memlane::test {

struct Fault {
  int call = 0;          // the number of the call, from 1; 0 for none
  int error = 0;         // what it fails with; 0: it succeeds, and the process is killed behind it
  bool lasting = false;  // so do all later calls of the same function
};

// What has happened, for another process to read.
struct Calls {
  static constexpr int kMost = 512;
  int count;
  const char* functions[kMost];
};

// From now on, in this process.
void Arm(const Fault& fault, Calls* calls);
void Disarm();

// With what a function can fail here.
const std::vector<int>& ErrorsOf(const std::string& function);

// Whether that only says what others have done, and not that something is wrong.
bool IsAnswer(const std::string& function, int error);

}  // namespace memlane::test
