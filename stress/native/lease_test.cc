#include "lease.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>
#include <vector>

#include "check.h"
#include "doorbell.h"
#include "object.h"

using namespace memlane;
using namespace memlane::test;

TEST("a slot has one owner, and is free when that lets go") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  {
    auto segment = Published(name);
    auto again = MUST(Open(name));
    CHECK(!MUST(IsLeased(*segment, 0)));
    auto lease = MUST(ClaimLease(*segment, 0));
    CHECK(lease && MUST(IsLeased(*segment, 0)) && MUST(IsLeased(*again, 0)) && !MUST(IsLeased(*segment, 1)));
    CHECK(!MUST(ClaimLease(*segment, 0)) && !MUST(ClaimLease(*again, 0)));
    CHECK(MUST(ClaimLease(*again, UINT32_MAX)));
    lease.reset();
    CHECK(!MUST(IsLeased(*again, 0)) && MUST(ClaimLease(*again, 0)));
  }
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("a slot whose owner was killed is free, and what its claim left half made is replaced") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  Child child([&] { return MUST(ClaimLease(*segment, 0)); });
  CHECK(MUST(IsLeased(*segment, 0)) && !MUST(ClaimLease(*segment, 0)));
  child.Kill();
  CHECK(mknod(("/dev/shm" + name + ".lease.0.new").c_str(), S_IFIFO | 0600, 0) == 0);
  CHECK(!MUST(IsLeased(*segment, 0)) && MUST(ClaimLease(*segment, 0)));
  CHECK(CountFiles(name) == 1);
}

TEST("a lease leaves another one's file alone, whose memory has come to have its name") {
  const std::string name = UniqueName();
  auto segment = Published(name, 64, true);
  auto lease = MUST(ClaimLease(*segment, 0));
  CHECK(MUST(UnlinkSegment(name)));
  CHECK(FailsWith(ClaimLease(*segment, 1), "NOT_FOUND"));
  auto successor = Published(name);
  auto other = MUST(ClaimLease(*successor, 0));
  CHECK(FailsWith(ClaimLease(*segment, 1), "NOT_FOUND"));
  lease.reset();
  CHECK(MUST(IsLeased(*successor, 0)) && CountFiles(name) == 2);
  other.reset();
  CHECK(CountFiles(name) == 1);
}

TEST("a slot cannot be claimed by who may only read") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  View view;
  view.access = Access::kRead;
  auto reader = MUST(Open(name, view));
  CHECK(FailsWith(ClaimLease(*reader, 0), "ACCESS_DENIED"));
  auto lease = MUST(ClaimLease(*segment, 0));
  CHECK(MUST(IsLeased(*reader, 0)));
}

TEST("what is no FIFO is refused under the names of leases") {
  const std::string name = UniqueName();
  const std::string path = "/dev/shm" + name + ".lease.0";
  auto segment = Published(name);
  const auto refused = [&](const char* code) {
    CHECK(FailsWith(IsLeased(*segment, 0), code));
    CHECK(FailsWith(ClaimLease(*segment, 0), code));
    CHECK(remove(path.c_str()) == 0);
  };
  CHECK(mknod(path.c_str(), S_IFREG | 0600, 0) == 0);
  refused("ACCESS_DENIED");
  CHECK(symlink("/dev/null", path.c_str()) == 0);
  refused("ACCESS_DENIED");
  CHECK(mkdir(path.c_str(), 0700) == 0);
  refused("ACCESS_DENIED");
}

TEST("threads that claim and release the same slots are never two in one") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  {
    auto segment = Published(name);
    std::atomic<int> owners[2] = {};
    std::atomic<int> claims{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++) {
      threads.emplace_back([&, thread] {
        auto own = MUST(Open(name));
        for (int round = 0; round < 200; round++) {
          const uint32_t slot = static_cast<uint32_t>(thread + round) % 2;
          auto lease = MUST(ClaimLease(*own, slot));
          if (!lease) continue;
          CHECK(owners[slot].fetch_add(1) == 0);
          CHECK(MUST(IsLeased(*own, slot)));
          claims++;
          owners[slot]--;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(claims > 0);
  }
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("who watches hears of every end while others claim and release") {
  auto segment = Published(UniqueName());
  std::atomic<bool> done{false};
  std::thread owner([&] {
    for (int round = 0; round < 200; round++) CHECK(MUST(ClaimLease(*segment, 0)));
    done = true;
  });
  auto bell = MUST(OpenDoorbell(*segment, 0));
  while (!done) {
    if (MUST(bell->Watch(0))) CHECK(MUST(bell->Wait(60'000)));
  }
  owner.join();
  CHECK(!MUST(bell->Watch(0)));
}
