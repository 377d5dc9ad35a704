// Runs all tests. The first failure ends the program. A watchdog names a test that hangs.

#include "check.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <vector>

namespace memlane::test {
namespace {

struct Test {
  const char* name;
  void (*run)();
};

constexpr unsigned kWatchdogSeconds = 120;

const char* running = "";

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

void Hung(int) {
  for (const char* text : {"hung: ", running, "\n"}) [[maybe_unused]]
    const ssize_t told = write(2, text, strlen(text));
  _exit(1);
}

}  // namespace

Register::Register(const char* name, void (*run)()) { Tests().push_back({name, run}); }

}  // namespace memlane::test

int main() {
  using namespace memlane::test;
  signal(SIGALRM, Hung);
  for (const auto& test : Tests()) {
    running = test.name;
    fprintf(stderr, "%s\n", test.name);
    alarm(kWatchdogSeconds);
    test.run();
  }
  alarm(0);
  printf("%zu native tests passed\n", Tests().size());
}
