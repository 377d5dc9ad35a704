#include "doorbell.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>
#include <vector>

#include "check.h"
#include "lease.h"
#include "object.h"
#include "test_loop.h"

using namespace memlane;
using namespace memlane::test;

namespace {

constexpr int64_t kLongMs = 60'000;

}  // namespace

TEST("a ring wakes the waiting owner or is kept for the next wait, and several rings count as one") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  {
    auto segment = Published(name);
    auto bell = MUST(OpenDoorbell(*segment, 0));
    auto same = MUST(OpenDoorbell(*segment, 0));
    auto other = MUST(OpenDoorbell(*segment, 1));
    CHECK(!MUST(bell->Wait(0)) && !MUST(bell->Wait(5)));
    for (int ring = 0; ring < 10'000; ring++) MUST(same->Ring());
    CHECK(!MUST(other->Wait(0)));
    CHECK(MUST(bell->Wait(-1)));
    CHECK(!MUST(bell->Wait(0)));
    CHECK(CountFifos(FifoFolderOf(*segment)) == 2);
  }
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("a bell that is never read becomes full, and can still be rung") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  for (int ring = 0; ring < 70'000; ring++) MUST(bell->Ring());
  while (MUST(bell->Wait(0))) continue;
}

TEST("an attached bell wakes the loop, keeps it alive only if referenced, and is closed by it") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  int rung = 0;
  bool closed = false;
  bell->SetReferenced(true);  // without effect: not attached yet
  MUST(bell->Attach(LoopOf(LoopKind::kUvPoll), [&] { rung++; }));
  CHECK(!LoopIsAlive());
  bell->SetReferenced(true);
  CHECK(LoopIsAlive());
  TurnLoop();
  CHECK(rung == 0);
  MUST(bell->Ring());
  TurnLoop();
  TurnLoop();
  CHECK(rung == 1);
  MUST(bell->Ring());
  bell->Close([&] { closed = true; });
  CHECK(!closed);
  TurnLoop();
  CHECK(closed && rung == 1 && !LoopIsAlive());
}

TEST("a bell rings by itself, once, at the time of the last RingAfter") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  auto same = MUST(OpenDoorbell(*segment, 0));
  int rung = 0;
  bool closed = false;
  for (const int64_t ms : {0, 5}) {
    MUST(bell->RingAfter(kLongMs));
    MUST(bell->RingAfter(ms));
    CHECK(MUST(bell->Wait(kLongMs)) && !MUST(bell->Wait(10)) && !MUST(same->Wait(0)));
  }
  MUST(bell->Attach(LoopOf(LoopKind::kUvPoll), [&] { rung++; }));
  MUST(bell->RingAfter(0));
  while (rung == 0) TurnLoop();
  TurnLoop();
  CHECK(rung == 1);
  MUST(bell->RingAfter(0));
  bell->Close([&] { closed = true; });
  TurnLoop();
  CHECK(closed && rung == 1 && !LoopIsAlive());
}

TEST("without uv_poll, a thread waits for all attached bells, and ends with the last of them") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  {
    auto segment = Published(name);
    auto bell = MUST(OpenDoorbell(*segment, 0));
    auto other = MUST(OpenDoorbell(*segment, 1));
    int rung = 0, other_rung = 0, closed = 0;
    MUST(bell->Attach(LoopOf(LoopKind::kWaitingThread), [&] { rung++; }));
    MUST(other->Attach(LoopOf(LoopKind::kWaitingThread), [&] { other_rung++; }));
    CHECK(!LoopIsAlive());
    bell->SetReferenced(true);
    CHECK(LoopIsAlive());
    for (int ring = 1; ring <= 1000; ring++) {
      MUST(bell->Ring());
      if (ring % 3 == 0) MUST(other->Ring());
      while (rung < ring || other_rung < ring / 3) TurnLoop();
      CHECK(rung == ring && other_rung == ring / 3);
    }
    MUST(bell->RingAfter(5));
    while (rung == 1000) TurnLoop();
    auto lease = MUST(ClaimLease(*segment, 3));
    CHECK(MUST(other->Watch(3)));
    lease.reset();
    while (other_rung == 333) TurnLoop();
    CHECK(rung == 1001 && other_rung == 334);
    MUST(bell->Ring());
    CHECK(MUST(bell->Wait(-1)));  // the thread may have seen that ring, too
    bell->Close([&] { closed++; });
    TurnLoop();
    CHECK(closed == 1 && rung == 1001);
    bell.reset();
    MUST(other->Ring());
    while (other_rung == 334) TurnLoop();
    other->Close([&] { closed++; });
    CHECK(closed == 2);
  }
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors && !LoopIsAlive());
}

TEST("a bell that a thread waits for can be closed while it rings, and by the function that it calls") {
  auto segment = Published(UniqueName());
  auto ringer = MUST(OpenDoorbell(*segment, 0));
  std::atomic<bool> over{false};
  std::thread ringing([&] {
    while (!over) MUST(ringer->Ring());
  });
  for (int round = 0; round < 200; round++) {
    auto bell = MUST(OpenDoorbell(*segment, 0));
    int rung = 0;
    const auto close = [&] { bell->Close([&] { bell.reset(); }); };
    MUST(bell->Attach(LoopOf(LoopKind::kWaitingThread), [&] {
      if (++rung == 3) close();
    }));
    for (int turn = 0; bell && (round % 2 == 0 || turn < round); turn++) TurnLoop();
    if (bell) close();
    CHECK(!bell);
  }
  over = true;
  ringing.join();
}

TEST("a bell that was not attached is closed at once") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  bool closed = false;
  bell->Close([&] { closed = true; });
  CHECK(closed);
}

TEST("a watched lease rings once when it ends, in whatever way it ends") {
  const std::string name = UniqueName();
  Child child([&] {
    auto segment = Published(name);
    auto lease = MUST(ClaimLease(*segment, 3));
    return std::make_pair(std::move(segment), std::move(lease));
  });
  const int descriptors = CountDescriptors();
  {
    auto segment = MUST(Open(name));
    auto bell = MUST(OpenDoorbell(*segment, 0));
    auto lease = MUST(ClaimLease(*segment, 2));
    CHECK(lease && !MUST(bell->Watch(1)));
    CHECK(MUST(bell->Watch(2)) && MUST(bell->Watch(2)) && MUST(bell->Watch(3)));
    CHECK(!MUST(bell->Wait(0)));
    lease.reset();
    CHECK(MUST(bell->Wait(kLongMs)));
    CHECK(!MUST(IsLeased(*segment, 2)) && !MUST(bell->Wait(0)) && !MUST(bell->Watch(2)));
    child.Kill();
    CHECK(MUST(bell->Wait(kLongMs)));
    CHECK(!MUST(IsLeased(*segment, 3)) && !MUST(bell->Wait(0)));
  }
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("a file that is no FIFO is refused under the name of a bell") {
  auto segment = Published(UniqueName());
  auto other = MUST(OpenDoorbell(*segment, 1));
  const std::string path = FifoFolderOf(*segment) + "/bell.0";
  const auto refused = [&](const char* code) {
    CHECK(FailsWith(OpenDoorbell(*segment, 0), code));
    CHECK(remove(path.c_str()) == 0);
  };
  CHECK(mknod(path.c_str(), S_IFREG | 0600, 0) == 0);
  refused("ACCESS_DENIED");
  CHECK(symlink("/dev/null", path.c_str()) == 0);
  refused("ACCESS_DENIED");
  CHECK(mkdir(path.c_str(), 0700) == 0);
  refused("SYSTEM");
  CHECK(mknod(path.c_str(), S_IFSOCK | 0600, 0) == 0);
  refused("SYSTEM");
}

TEST("a bell belongs to its memory, even if the name is removed or reused, and leaves no file") {
  const std::string name = UniqueName();
  auto nameless = MUST(Create(name));
  MUST(OpenDoorbell(*nameless, 0));
  const std::string nameless_folder = FifoFolderOf(*nameless);
  CHECK(CountFifos(nameless_folder) == 1);
  nameless.reset();
  CHECK(!Exists(nameless_folder));

  auto removed = Published(name, 64, true);
  auto again = MUST(Open(name));
  const std::string folder = FifoFolderOf(*removed);
  auto bell = MUST(OpenDoorbell(*removed, 0));
  CHECK(MUST(UnlinkSegment(name)));
  auto successor = Published(name);
  auto others = MUST(OpenDoorbell(*successor, 0));
  MUST(MUST(OpenDoorbell(*again, 0))->Ring());
  CHECK(MUST(bell->Wait(kLongMs)) && !MUST(others->Wait(0)));
  again.reset();
  CHECK(Exists(folder));
  removed.reset();
  CHECK(!Exists(folder));
  MUST(bell->Ring());
  CHECK(MUST(bell->Wait(kLongMs)));
}

TEST("a bell whose FIFO is removed is created again while its owner waits, in a thread or in the loop") {
  auto segment = Published(UniqueName());
  const std::string folder = FifoFolderOf(*segment);
  auto bell = MUST(OpenDoorbell(*segment, 0));
  auto known = MUST(OpenDoorbell(*segment, 0));
  CHECK(!MUST(bell->Wait(0)));
  for (const bool all : {false, true}) {
    CHECK(unlink((folder + "/bell.0").c_str()) == 0);
    if (all) CHECK(rmdir(folder.c_str()) == 0);
    CHECK(MUST(bell->Wait(kLongMs)));  // it wakes to check what it has missed
    auto newcomer = MUST(OpenDoorbell(*segment, 0));
    CHECK(!MUST(bell->Wait(0)));
    MUST(newcomer->Ring());
    CHECK(MUST(bell->Wait(kLongMs)) && !MUST(bell->Wait(0)));
    MUST(known->Ring());
    CHECK(MUST(bell->Wait(kLongMs)) && !MUST(bell->Wait(0)));
  }
  int rung = 0;
  bool closed = false;
  MUST(bell->Attach(LoopOf(LoopKind::kUvPoll), [&] { rung++; }));
  CHECK(unlink((folder + "/bell.0").c_str()) == 0);
  while (rung == 0) TurnLoop();
  auto newcomer = MUST(OpenDoorbell(*segment, 0));
  MUST(newcomer->Ring());
  TurnLoop();
  CHECK(rung == 2);
  bell->Close([&] { closed = true; });
  TurnLoop();
  CHECK(closed);
}

TEST("a bell can be rung without a free descriptor, and can be waited for once a descriptor is free") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  CHECK(!MUST(bell->Wait(0)));
  struct rlimit before, none;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  none = before;
  const int free = dup(0);
  close(free);
  none.rlim_cur = static_cast<rlim_t>(free);
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  CHECK(dup(0) == -1 && errno == EMFILE);
  auto ringer = MUST(OpenDoorbell(*segment, 0));
  for (int round = 0; round < 3; round++) {
    MUST(ringer->Ring());
    CHECK(MUST(bell->Wait(kLongMs)) && !MUST(bell->Wait(0)));
  }
  CHECK(FailsWith(ringer->Wait(0), "SYSTEM"));
  MUST(MUST(OpenDoorbell(*segment, 7))->Ring());  // a bell without a waiting owner
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
  MUST(ringer->Ring());
  CHECK(MUST(bell->Wait(kLongMs)) && !MUST(ringer->Wait(0)));
}

TEST("threads that open the same bell at the same time share one FIFO") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  for (uint32_t number = 0; number < 50; number++) {
    std::atomic<int> arrived{0};
    std::unique_ptr<Doorbell> bells[4];
    std::vector<std::thread> threads;
    for (auto& bell : bells) {
      threads.emplace_back([&] {
        arrived++;
        while (arrived < 4) std::this_thread::yield();
        bell = MUST(OpenDoorbell(*segment, number));
      });
    }
    for (auto& thread : threads) thread.join();
    MUST(bells[number % 4]->Ring());
    CHECK(MUST(bells[(number + 1) % 4]->Wait(kLongMs)));
  }
  CHECK(CountFifos(FifoFolderOf(*segment)) == 50);
}

TEST("threads that ring and wait in turn lose no ring") {
  constexpr int kTurns = 1'000;
  auto segment = Published(UniqueName());
  std::atomic<int> turn{0};
  const auto play = [&](int mine) {
    auto my_bell = MUST(OpenDoorbell(*segment, static_cast<uint32_t>(mine)));
    auto their_bell = MUST(OpenDoorbell(*segment, static_cast<uint32_t>(1 - mine)));
    for (int next = mine; next < kTurns; next += 2) {
      while (turn.load() != next) CHECK(MUST(my_bell->Wait(kLongMs)));
      turn.store(next + 1);
      MUST(their_bell->Ring());
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  CHECK(turn == kTurns);
}

TEST("many threads may ring one bell while another waits at it") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  std::atomic<int> rung{0};
  std::vector<std::thread> ringers;
  for (int thread = 0; thread < 3; thread++) {
    ringers.emplace_back([&] {
      for (int ring = 0; ring < 300; ring++) {
        rung++;
        MUST(bell->Ring());
      }
    });
  }
  for (int seen = 0; seen < 900; seen = rung) CHECK(MUST(bell->Wait(kLongMs)));
  for (auto& ringer : ringers) ringer.join();
}
