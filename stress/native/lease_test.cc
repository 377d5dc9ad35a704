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

TEST("a slot has one owner, and is free when the owner releases it") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  std::string folder;
  {
    auto segment = Published(name);
    folder = FifoFolderOf(*segment);
    auto again = MUST(Open(name));
    CHECK(!MUST(IsLeased(*segment, 0)) && !Exists(folder));
    auto lease = MUST(ClaimLease(*segment, 0));
    CHECK(lease && MUST(IsLeased(*segment, 0)) && MUST(IsLeased(*again, 0)) && !MUST(IsLeased(*segment, 1)));
    CHECK(!MUST(ClaimLease(*segment, 0)) && !MUST(ClaimLease(*again, 0)));
    CHECK(LeaseHolder(*again, 0) == getpid() && !LeaseHolder(*again, 1));
    auto next = MUST(ClaimLease(*segment, 1));
    CHECK(MUST(ClaimLease(*again, UINT32_MAX)));
    lease.reset();
    CHECK(!MUST(IsLeased(*again, 0)) && MUST(IsLeased(*again, 1)) && MUST(ClaimLease(*again, 0)));
    CHECK(CountFifos(folder) == 1);
  }
  CHECK(CountFiles(name) == 0 && !Exists(folder) && CountDescriptors() == descriptors);
}

TEST("a slot whose owner was killed is free, and an unfinished FIFO of its claim is replaced") {
  auto segment = Published(UniqueName());
  const std::string folder = FifoFolderOf(*segment);
  Child child([&] {
    auto own = MUST(Open(segment->name()));
    auto lease = MUST(ClaimLease(*own, 0));
    return std::make_pair(std::move(own), std::move(lease));
  });
  CHECK(MUST(IsLeased(*segment, 0)) && !MUST(ClaimLease(*segment, 0)));
  child.Kill();
  CHECK(mknod((folder + "/lease.0.new").c_str(), S_IFIFO | 0600, 0) == 0);
  CHECK(!MUST(IsLeased(*segment, 0)) && MUST(ClaimLease(*segment, 0)));
  CHECK(CountFifos(folder) == 0);
}

TEST("a lease belongs to its memory, even if the name is removed or reused") {
  const std::string name = UniqueName();
  auto segment = Published(name, 64, true);
  auto again = MUST(Open(name));
  const std::string folder = FifoFolderOf(*segment);
  auto lease = MUST(ClaimLease(*segment, 0));
  CHECK(MUST(UnlinkSegment(name)));
  CHECK(MUST(IsLeased(*again, 0)) && MUST(ClaimLease(*again, 1)));
  auto successor = Published(name);
  auto other = MUST(ClaimLease(*successor, 0));
  CHECK(other && FifoFolderOf(*successor) != folder);
  lease.reset();
  CHECK(!MUST(IsLeased(*again, 0)) && MUST(IsLeased(*successor, 0)));
  segment.reset();
  again.reset();
  CHECK(!Exists(folder) && CountFiles(name) == 1);
}

TEST("a slot cannot be claimed by a read-only segment, and does not count as held if such a segment locks it") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  View view;
  view.access = Access::kRead;
  auto reader = MUST(Open(name, view));
  CHECK(FailsWith(ClaimLease(*reader, 0), "ACCESS_DENIED"));
  auto lease = MUST(ClaimLease(*segment, 0));
  CHECK(MUST(IsLeased(*reader, 0)));
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_start = 1;
  lock.l_len = 1;
  CHECK(fcntl(static_cast<int>(reader->handle()), F_OFD_SETLK, &lock) == 0);
  CHECK(!MUST(IsLeased(*segment, 1)));
}

TEST("a file under the name of a lease's FIFO is replaced, unless it is a folder") {
  auto segment = Published(UniqueName());
  auto other = MUST(ClaimLease(*segment, 1));
  const std::string path = FifoFolderOf(*segment) + "/lease.0";
  CHECK(mknod(path.c_str(), S_IFREG | 0600, 0) == 0);
  CHECK(!MUST(IsLeased(*segment, 0)) && MUST(ClaimLease(*segment, 0)));
  CHECK(symlink("/dev/null", path.c_str()) == 0);
  CHECK(MUST(ClaimLease(*segment, 0)));
  CHECK(mkdir(path.c_str(), 0700) == 0);
  CHECK(FailsWith(ClaimLease(*segment, 0), "SYSTEM"));
  CHECK(!MUST(IsLeased(*segment, 0)));
  CHECK(rmdir(path.c_str()) == 0);
}

TEST("a lease stays held when its files are removed, and its end is still noticed") {
  auto segment = Published(UniqueName());
  const std::string folder = FifoFolderOf(*segment);
  for (const bool all : {false, true}) {
    auto lease = MUST(ClaimLease(*segment, 0));
    CHECK(unlink((folder + "/lease.0").c_str()) == 0);
    if (all) CHECK(rmdir(folder.c_str()) == 0);
    CHECK(MUST(IsLeased(*segment, 0)));
    auto bell = MUST(OpenDoorbell(*segment, 0));
    CHECK(MUST(bell->Watch(0)) && MUST(bell->Watch(0)) && !MUST(bell->Wait(300)));
    lease.reset();
    CHECK(MUST(bell->Wait(60'000)) && !MUST(bell->Watch(0)));
    CHECK(unlink((folder + "/bell.0").c_str()) == 0);
  }
}

TEST("a watcher is woken for the end of a lease only after the lock is released, too") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  auto owner = MUST(Open(name));
  auto bell = MUST(OpenDoorbell(*segment, 0));
  const std::string path = FifoFolderOf(*segment) + "/lease.0";
  const auto lock = [&](short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_len = 1;
    CHECK(fcntl(static_cast<int>(owner->handle()), F_OFD_SETLK, &lock) == 0);
  };
  lock(F_WRLCK);
  CHECK(mknod(path.c_str(), S_IFIFO | 0600, 0) == 0);
  int fifo = open(path.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(fifo >= 0 && MUST(bell->Watch(0)));
  close(fifo);
  CHECK(!MUST(bell->Wait(100)) && MUST(bell->Watch(0)));
  lock(F_UNLCK);
  CHECK(MUST(bell->Wait(60'000)) && !MUST(bell->Watch(0)));

  lock(F_WRLCK);
  CHECK(MUST(bell->Watch(0)) && !MUST(bell->Wait(50)));  // no FIFO would hang up
  fifo = open(path.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(MUST(bell->Wait(60'000)) && MUST(bell->Watch(0)));  // now there is one that will
  lock(F_UNLCK);
  close(fifo);
  CHECK(MUST(bell->Wait(60'000)) && !MUST(bell->Watch(0)));
}

TEST("threads that claim and release the same slots never hold one slot together") {
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

TEST("several threads may claim and release through one segment") {
  auto segment = Published(UniqueName());
  std::atomic<int> owners{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; round++) {
        auto lease = MUST(ClaimLease(*segment, 0));
        if (!lease) continue;
        CHECK(owners.fetch_add(1) == 0);
        CHECK(MUST(IsLeased(*segment, 0)));
        owners--;
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST("a watcher is woken for every end while another thread claims and releases") {
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
