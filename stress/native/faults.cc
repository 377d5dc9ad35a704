// Plays short scenes of the native code. Then repeats each scene for every system call in it: once for each error that
// the call can plausibly fail with, once with that error for all later calls, too, and once with the process killed
// after the call. Each time it checks: the operation gives its usual result, or the error of the call; no process
// crashes or hangs; no descriptor is left open; the surviving processes can continue; and no file is left after a new
// process has listed memory, or has created memory of the same name.
//
//   faults STRIDE [SCENE...]
//
// Tries one of STRIDE faults and kills. Prints one line of JSON with the results of each scene. Runs in a mount
// namespace with a small /dev/shm of its own.

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "check.h"
#include "doorbell.h"
#include "fault_shim.h"
#include "folder.h"
#include "lease.h"
#include "memory_barrier.h"
#include "object.h"
#include "shared_memory.h"
#include "test_loop.h"

using namespace memlane;
using namespace memlane::test;

namespace {

constexpr uid_t kOwner = 12'345;
constexpr uid_t kStranger = 12'346;
constexpr unsigned kHungSeconds = 120;
constexpr int64_t kLongMs = 10'000;
constexpr uint64_t kLength = 64;
constexpr uint64_t kLarge = 200 * 1024;  // the folder has room for one
constexpr uint32_t kProducer = 32;       // the numbers of places in channels: of a queue's first producer,
constexpr uint32_t kWriter = 64;         // of a latest's writer,
constexpr uint32_t kTakeOver = 96;       // and of a process that makes sure that it is alone
const std::string kName = "/scene";
const std::string kOther = "/other";
const std::string kPath = kFolder + kName;

// The results that the child processes leave for the process that started them.
struct Report {
  Calls calls;
  char wrong[1000];
};
Report* report;

void Wrong(const std::string& what) {
  if (report->wrong[0] == '\0') snprintf(report->wrong, sizeof report->wrong, "%s", what.c_str());
}

// A participant of a scene.
struct Player {
  Fault fault;
  std::unique_ptr<Segment> segment;
  std::unique_ptr<Doorbell> bell;
  std::unique_ptr<Lease> lease;

  // True if the error is no failure (see IsAnswer). Then another outcome is right, too.
  bool IsAnswered() const {
    const char* function = fault.call == 0 ? nullptr : report->calls.functions[fault.call - 1];
    return function != nullptr && fault.error != 0 && IsAnswer(function, fault.error);
  }

  void Judge(const Failure& failure) const {
    const std::string what = std::string(failure.code) + " of " + failure.syscall + ", " + failure.os_message;
    if (failure.code[0] == '\0' || failure.syscall[0] == '\0' || failure.os_message.empty())
      Wrong("a failure says nothing");
    if (IsAnswered()) return;
    if (failure.os_code != fault.error) return Wrong("fails with " + what);
    const char* function = fault.call == 0 ? nullptr : report->calls.functions[fault.call - 1];
    const std::string named(failure.syscall, strcspn(failure.syscall, "("));  // without an operation, as of fcntl
    if (function != nullptr && named != function) Wrong(std::string("names ") + failure.syscall + ", not " + function);
  }

  template <typename Value>
  bool Went(const Result<Value>& result) const {
    if (!result.ok()) Judge(result.failure());
    return result.ok();
  }

  bool Went(const std::optional<Failure>& failure) const {
    if (failure) Judge(*failure);
    return !failure;
  }

  template <typename Value>
  bool Got(Result<std::unique_ptr<Value>> result, std::unique_ptr<Value>& place) const {
    if (!Went(result)) return false;
    place = std::move(result.value());
    return true;
  }

  void Expect(bool holds, const char* what) const {
    if (!holds && !IsAnswered()) Wrong(std::string("not so: ") + what);
  }

  template <typename Value>
  void ExpectValue(const Result<Value>& result, const Value& value, const char* what) const {
    if (Went(result)) Expect(result.value() == value, what);
  }

  template <typename Value>
  void ExpectRefusal(const Result<Value>& result, const char* code) const {
    if (result.ok()) {
      Expect(false, code);
    } else if (strcmp(result.failure().code, code) != 0) {
      Judge(result.failure());
    }
  }
};

#define EXPECT(condition) player.Expect(condition, #condition)
#define EXPECT_VALUE(call, value) player.ExpectValue(call, value, #call " gives " #value)

struct Scene {
  const char* name;
  void (*died)(Player&);     // what a process does before it is killed
  void (*lives)(Player&);    // what another process does that then stays alive
  void (*prepare)(Player&);  // what the examined process does first
  void (*act)(Player&);      // the scene
  uid_t user = 0;            // the user that runs it, if the system has users
};

// ---- what players do ----

Result<std::unique_ptr<Segment>> CreateShared(uint64_t length, uint32_t mode = 0666) {
  CreateOptions options;
  options.name = kName;
  options.length = length;
  options.mode = mode;
  return CreateSegment(options, View());
}

Result<std::unique_ptr<Segment>> OpenShared(Access access = Access::kReadWrite, uint64_t offset = 0) {
  OpenOptions options;
  options.name = kName;
  options.trust_any_owner = true;
  View view;
  view.access = access;
  view.offset = offset;
  return OpenSegment(options, view);
}

void Make(Player& player) {
  player.segment = MUST(CreateShared(kLength));
  player.segment->data()[0] = 7;
  MUST(player.segment->Publish());
}

void Join(Player& player) { player.segment = MUST(OpenShared()); }

void MakePersistent(Player& player) { player.segment = Published(kName, kLength, true); }

void MakeLargeOther(Player& player) { player.segment = Published(kOther, kLarge); }

void MakeBell(Player& player) { player.bell = MUST(OpenDoorbell(*player.segment, 0)); }

void MakeLease(Player& player) { player.lease = MUST(ClaimLease(*player.segment, 0)); }

template <void (*First)(Player&), void (*Second)(Player&), void (*Third)(Player&) = nullptr>
void Do(Player& player) {
  First(player);
  Second(player);
  if (Third != nullptr) Third(player);
}

constexpr auto MakeWithBell = Do<Make, MakeBell>;
constexpr auto MakeWithAll = Do<Make, MakeBell, MakeLease>;
constexpr auto JoinWithBell = Do<Join, MakeBell>;
constexpr auto JoinWithLease = Do<Join, MakeLease>;

void MakeForeign(Player&) {
  const Descriptor file(open(kPath.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  CHECK(ftruncate(file.get(), kLength) == 0);
}

// A folder of bells and leases, whose memory is gone.
void LeaveFolder(Player&) {
  const std::string folder = FifoFolderPath(kPath, 1);
  CHECK(mkdir(folder.c_str(), 0700) == 0);
  for (const char* fifo : {"/bell.0", "/lease.0", "/bell.1.new"}) CHECK(mkfifo((folder + fifo).c_str(), 0600) == 0);
  CHECK(mkdir((folder + ".new").c_str(), 0700) == 0);
}

void LeaveUnfinishedLease(const Player& player) {
  const std::string folder = FifoFolderOf(*player.segment);
  CHECK(mkfifo((folder + "/lease.0.new").c_str(), 0600) == 0);
}

// A lease as a process leaves it that is killed in the middle of the claim.
void LeaveHalfClaimed(Player& player) {
  Make(player);
  LeaveUnfinishedLease(player);
}

// The files of two users.
void MakeWithDeadClaimers(Player& player) {
  LeaveHalfClaimed(player);
  Child claimer([&] {
    auto segment = MUST(OpenShared());
    auto lease = MUST(ClaimLease(*segment, 0));
    return std::make_pair(std::move(segment), std::move(lease));
  });
  LeaveUnfinishedLease(player);
  claimer.Kill();
}

void Create(Player& player) {
  if (!player.Got(CreateShared(kLength), player.segment)) return;
  player.segment->data()[0] = 7;
  player.Went(player.segment->Publish());
}

// Creates large memory in the space that a crash has left. NO_SPACE is right if the fault prevents the cleanup.
void CreateLarge(Player& player) {
  auto created = CreateShared(kLarge);
  if (player.fault.error != 0 && FailsWith(created, "NO_SPACE")) return;
  if (player.Got(std::move(created), player.segment)) player.Went(player.segment->Publish());
}

void OpenAndLook(Player& player) {
  if (player.Got(OpenShared(), player.segment)) EXPECT(player.segment->data()[0] == 7);
}

void Claim(Player& player) {
  if (player.Got(ClaimLease(*player.segment, 0), player.lease)) EXPECT(player.lease != nullptr);
}

void OpenBell(Player& player) { player.Got(OpenDoorbell(*player.segment, 0), player.bell); }

// Everything that a participant does, from open to close.
void Live(Player& player) {
  if (!player.segment && !player.Got(OpenShared(), player.segment)) return;
  Claim(player);
  OpenBell(player);
  if (player.bell) {
    if (player.Went(player.bell->Ring())) EXPECT_VALUE(player.bell->Wait(kLongMs), true);
    if (player.Went(player.bell->RingAfter(0))) EXPECT_VALUE(player.bell->Wait(kLongMs), true);
    const auto watched = player.bell->Watch(0);
    if (player.Went(watched)) EXPECT(watched.value() == (player.lease != nullptr));
    const bool ends = watched.ok() && watched.value();
    player.lease.reset();
    if (ends) EXPECT_VALUE(player.bell->Wait(kLongMs), true);
  }
  player.bell.reset();
  player.segment->Close();
}

// Waits for the end of a lease that was released through that segment. If the kernel has no memory to split its record
// of locks, it keeps the lock until the segment is closed.
void AwaitEnd(Player& player, const Result<bool>& watched, Segment& owner, const Segment& asker, uint32_t slot) {
  const auto held = IsLeased(asker, slot);
  if (held.ok() && held.value()) owner.Close();
  if (watched.ok() && watched.value()) EXPECT_VALUE(player.bell->Wait(kLongMs), true);
}

// The writer of a latest takes over, sets a value and ends, beside a reader that waits for that.
void LiveInLatest(Player& player) {
  std::unique_ptr<Segment> reader;
  std::unique_ptr<Lease> alone, place;
  std::unique_ptr<Doorbell> ring;
  std::unique_ptr<Segment> cells, values;
  if (!player.Got(OpenShared(), player.segment) || !player.Got(OpenShared(), reader)) return;
  if (!player.Got(ClaimLease(*player.segment, kTakeOver), alone)) return;
  EXPECT_VALUE(IsLeased(*player.segment, kWriter), false);
  if (!player.Got(ClaimLease(*player.segment, kWriter), player.lease)) return;
  EXPECT(alone != nullptr && player.lease != nullptr);
  alone.reset();
  if (!player.Got(OpenShared(Access::kReadWrite, 8), cells)) return;

  if (!player.Got(ClaimLease(*reader, 0), place) || !player.Got(OpenDoorbell(*reader, 0), player.bell)) return;
  if (!player.Got(OpenShared(Access::kRead, 8), values)) return;
  const auto watched = player.bell->Watch(kWriter);
  if (player.Went(watched)) EXPECT(watched.value() == (player.lease != nullptr));
  if (!player.Got(OpenDoorbell(*player.segment, 0), ring)) return;
  cells->data()[0] = 9;
  if (player.Went(ring->Ring())) EXPECT_VALUE(player.bell->Wait(kLongMs), true);
  EXPECT(values->data()[0] == 9);
  const auto refused = ClaimLease(*reader, kWriter);
  if (player.Went(refused) && player.lease) EXPECT(refused.value() == nullptr);
  player.lease.reset();
  AwaitEnd(player, watched, *player.segment, *reader, kWriter);
}

// Before the scene of a queue: another consumer has died in place 1.
void JoinAfterDeadConsumer(Player& player) {
  Join(player);
  Child consumer([&] {
    auto segment = MUST(OpenShared());
    auto lease = MUST(ClaimLease(*segment, 1));
    auto bell = MUST(OpenDoorbell(*segment, 1));
    return std::make_tuple(std::move(segment), std::move(lease), std::move(bell));
  });
  consumer.Kill();
}

// A consumer of a queue joins, cleans up after a dead one, and watches a producer and another consumer until both end.
void LiveInQueue(Player& player) {
  std::unique_ptr<Segment> other;
  std::unique_ptr<Lease> producer, consumer, dead;
  std::unique_ptr<Doorbell> ring;
  if (!player.Got(OpenShared(), other) || !player.Got(ClaimLease(*other, kProducer), producer)) return;
  if (!player.Got(ClaimLease(*other, 2), consumer)) return;
  EXPECT_VALUE(IsLeased(*player.segment, 1), false);
  Claim(player);
  OpenBell(player);
  if (!player.bell || !player.Got(OpenDoorbell(*player.segment, kProducer), ring)) return;
  player.Went(ring->Ring());

  EXPECT_VALUE(player.bell->Watch(1), false);
  if (player.Got(ClaimLease(*player.segment, 1), dead)) EXPECT(dead != nullptr);
  dead.reset();
  const auto sees_consumer = player.bell->Watch(2);
  const auto sees_producer = player.bell->Watch(kProducer);
  if (player.Went(sees_consumer)) EXPECT(sees_consumer.value() == (consumer != nullptr));
  if (player.Went(sees_producer)) EXPECT(sees_producer.value() == (producer != nullptr));
  EXPECT_VALUE(player.bell->Wait(0), false);
  consumer.reset();
  AwaitEnd(player, sees_consumer, *other, *player.segment, 2);
  producer.reset();
  AwaitEnd(player, sees_producer, *other, *player.segment, kProducer);
  EXPECT_VALUE(IsLeased(*player.segment, kProducer), false);
  player.lease.reset();
  player.bell.reset();
  player.segment->Close();
}

// ---- the scenes ----

const Scene kScenes[] = {
    {"create", nullptr, nullptr, nullptr, Create},
    {"create-taken", nullptr, Make, nullptr,
     [](Player& player) { player.ExpectRefusal(CreateShared(kLength), "ALREADY_EXISTS"); }},
    {"create-after-crash", MakeWithAll, nullptr, nullptr, Create},
    {"create-for-others-to-read", nullptr, nullptr, nullptr,
     [](Player& player) {
       if (player.Got(CreateShared(kLength, 0644), player.segment)) player.Went(player.segment->Publish());
     }},
    {"create-full", MakeLargeOther, nullptr, nullptr, CreateLarge},
    {"create-no-space", nullptr, MakeWithBell, nullptr,
     [](Player& player) {
       CreateOptions options;
       options.name = kOther;
       options.length = kLarge * 2;
       player.ExpectRefusal(CreateSegment(options, View()), "NO_SPACE");
     }},
    {"publish-too-late", nullptr, nullptr, [](Player& player) { player.segment = MUST(CreateShared(kLength)); },
     [](Player& player) {
       std::unique_ptr<Segment> quicker;
       if (!player.Got(CreateShared(kLength), quicker) || !player.Went(quicker->Publish())) return;
       const auto failure = player.segment->Publish();
       EXPECT(failure.has_value());
       if (failure && strcmp(failure->code, "ALREADY_EXISTS") != 0) player.Judge(*failure);
     }},
    {"create-persistent", nullptr, nullptr, nullptr,
     [](Player& player) {
       if (player.Got(test::Create(kName, kLength, true), player.segment)) player.Went(player.segment->Publish());
     }},
    {"open", nullptr, Make, nullptr, OpenAndLook},
    {"open-too-short", nullptr, Make, nullptr,
     [](Player& player) { player.ExpectRefusal(OpenShared(Access::kRead, kLength), "TOO_SHORT"); }},
    {"open-nothing", nullptr, nullptr, nullptr,
     [](Player& player) { player.ExpectRefusal(OpenShared(), "NOT_FOUND"); }},
    {"open-after-crash", MakeWithAll, nullptr, nullptr,
     [](Player& player) { player.ExpectRefusal(OpenShared(), "NOT_FOUND"); }},
    {"open-foreign", MakeForeign, nullptr, nullptr, [](Player& player) { player.Got(OpenShared(), player.segment); }},
    {"unlink", MakePersistent, nullptr, nullptr, [](Player& player) { EXPECT_VALUE(UnlinkSegment(kName), true); }},
    {"unlink-in-use", nullptr, Make, nullptr,
     [](Player& player) { player.ExpectRefusal(UnlinkSegment(kName), "IN_USE"); }},
    {"close-last", nullptr, nullptr, MakeWithAll,
     [](Player& player) {
       player.lease.reset();
       player.bell.reset();
       player.segment->Close();
     }},
    {"close", nullptr, Make, Join, [](Player& player) { player.segment->Close(); }},
    {"list", MakeLargeOther, MakeWithBell, nullptr,
     [](Player& player) {
       const auto list = ListSegments();
       if (player.Went(list)) EXPECT(list.value().size() == 1 && list.value()[0].name == kName);
     }},
    {"list-folders", LeaveFolder, nullptr, nullptr,
     [](Player& player) {
       const auto list = ListSegments();
       if (player.Went(list)) EXPECT(list.value().empty());
     }},
    {"claim", nullptr, Make, Join, Claim},
    {"claim-held", nullptr, MakeWithAll, Join,
     [](Player& player) {
       if (player.Got(ClaimLease(*player.segment, 0), player.lease)) EXPECT(player.lease == nullptr);
     }},
    {"claim-again", nullptr, Make,
     [](Player& player) {
       JoinWithLease(player);
       player.lease.reset();
     },
     Claim},
    {"claim-after-crash", nullptr, LeaveHalfClaimed, Join, Claim},
    {"is-held", nullptr, MakeWithAll, Join,
     [](Player& player) {
       EXPECT_VALUE(IsLeased(*player.segment, 0), true);
       EXPECT_VALUE(IsLeased(*player.segment, 1), false);
     }},
    {"release", nullptr, Make, JoinWithLease, [](Player& player) { player.lease.reset(); }},
    {"bell", nullptr, Make, Join, OpenBell},
    {"bell-of-others", nullptr, MakeWithBell, Join, OpenBell},
    {"without-name", MakePersistent, nullptr,
     [](Player& player) {
       player.segment = MUST(Open(kName));
       player.segment->data()[0] = 7;
       MUST(UnlinkSegment(kName));
     },
     Live},
    {"removed-folder", nullptr, Make,
     [](Player& player) {
       JoinWithLease(player);
       const std::string folder = FifoFolderOf(*player.segment);
       CHECK(unlink((folder + "/lease.0").c_str()) == 0);
       CHECK(rmdir(folder.c_str()) == 0);
     },
     [](Player& player) {
       EXPECT_VALUE(IsLeased(*player.segment, 0), true);
       player.lease.reset();
       Live(player);
     }},
    {"removed-lease", nullptr, Make,
     [](Player& player) {
       Do<JoinWithBell, MakeLease>(player);
       CHECK(unlink((FifoFolderOf(*player.segment) + "/lease.0").c_str()) == 0);
     },
     [](Player& player) {
       const auto watched = player.bell->Watch(0);
       player.lease.reset();
       if (player.Went(watched) && watched.value()) EXPECT_VALUE(player.bell->Wait(-1), true);
     }},
    {"removed-bell", nullptr, Make,
     [](Player& player) {
       JoinWithBell(player);
       CHECK(!MUST(player.bell->Wait(0)));
       CHECK(unlink((FifoFolderOf(*player.segment) + "/bell.0").c_str()) == 0);
     },
     [](Player& player) { EXPECT_VALUE(player.bell->Wait(kLongMs), true); }},
    {"ring", nullptr, MakeWithBell, JoinWithBell, [](Player& player) { player.Went(player.bell->Ring()); }},
    {"wait", nullptr, Make, JoinWithBell,
     [](Player& player) {
       EXPECT_VALUE(player.bell->Wait(0), false);
       EXPECT_VALUE(player.bell->Wait(1), false);
       if (player.Went(player.bell->Ring())) EXPECT_VALUE(player.bell->Wait(-1), true);
     }},
    {"watch", nullptr, MakeWithAll, JoinWithBell,
     [](Player& player) {
       EXPECT_VALUE(player.bell->Watch(1), false);
       EXPECT_VALUE(player.bell->Watch(0), true);
     }},
    {"watch-the-end", nullptr, Make, Do<JoinWithBell, MakeLease>,
     [](Player& player) {
       const auto watched = player.bell->Watch(0);
       player.lease.reset();
       if (player.Went(watched) && watched.value()) EXPECT_VALUE(player.bell->Wait(-1), true);
     }},
    {"listen", nullptr, Make, JoinWithBell,
     [](Player& player) {
       int rung = 0;
       const bool attached = player.Went(player.bell->Attach(LoopOf(LoopKind::kUvPoll), [&] { rung++; }));
       if (attached && player.Went(player.bell->Ring())) {
         TurnLoop();
         TurnLoop();  // repeats a turn that was interrupted
         EXPECT(rung > 0);
       }
       player.bell->Close([] {});
       TurnLoop();
     }},
    {"barrier", nullptr, nullptr, nullptr,
     [](Player&) {
       RegisterForMemoryBarriers();
       GlobalMemoryBarrier();
     }},
    {"life", nullptr, Make, nullptr, Live},
    {"life-alone", nullptr, nullptr, Make, Live},
    {"life-in-latest", nullptr, Make, nullptr, LiveInLatest},
    {"life-in-queue", nullptr, Make, JoinAfterDeadConsumer, LiveInQueue},
    {"life-of-another-user", nullptr, Make, nullptr, Live, kOwner},
    {"claim-after-another-user", nullptr, MakeWithDeadClaimers, Join, Claim, kOwner},
};

// ---- playing them ----

void ActAs(uid_t user) {
  if (user != 0) CHECK(setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0);
}

// Checks that a process can still use everything.
void CarryOn(Player& player) {
  CHECK(player.segment->data()[0] == 7);
  auto bell = MUST(OpenDoorbell(*player.segment, 0));
  auto watcher = MUST(OpenDoorbell(*player.segment, 1));
  while (MUST(bell->Wait(0))) continue;  // takes earlier rings of other processes
  MUST(bell->Ring());
  CHECK(MUST(bell->Wait(kLongMs)));
  if (!player.lease) player.lease = MUST(ClaimLease(*player.segment, 0));
  CHECK(player.lease && MUST(IsLeased(*player.segment, 0)) && MUST(watcher->Watch(0)));
  player.lease.reset();
  CHECK(!MUST(IsLeased(*player.segment, 0)) && MUST(watcher->Wait(kLongMs)));
}

pid_t Fork(const std::function<void()>& work) {
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid != 0) return pid;
  alarm(kHungSeconds);
  work();
  _exit(0);
}

// Waits for the end of a process. Returns true if it was killed by SIGKILL.
bool Await(pid_t pid, const char* who) {
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  if (WIFSIGNALED(status)) {
    const bool hung = WTERMSIG(status) == SIGALRM;
    Wrong(std::string(who) + (hung ? " hangs" : std::string(" ends with ") + strsignal(WTERMSIG(status))));
  } else if (WEXITSTATUS(status) != 0) {
    Wrong(std::string(who) + " ends with code " + std::to_string(WEXITSTATUS(status)));
  }
  return false;
}

// A process that stays alive during a scene, and uses everything after it.
class Companion {
 public:
  explicit Companion(void (*begin)(Player&)) {
    int begun[2];
    CHECK(pipe(begun) == 0 && pipe(carry_on_) == 0);
    pid_ = Fork([&] {
      close(carry_on_[1]);
      Player player;
      begin(player);
      CHECK(write(begun[1], "", 1) == 1);
      char byte;
      CHECK(read(carry_on_[0], &byte, 1) == 1);
      CarryOn(player);
    });
    char byte;
    CHECK(read(begun[0], &byte, 1) == 1);
    for (int end : {begun[0], begun[1], carry_on_[0]}) close(end);
  }
  void End() {
    CHECK(write(carry_on_[1], "", 1) == 1);
    close(carry_on_[1]);
    Await(pid_, "the surviving process");
  }

 private:
  int carry_on_[2];
  pid_t pid_;
};

enum class Recovery { kByList, kByCreate };

// Removes persistent memory, as the programs that create it do.
void UnlinkUncounted() {
  struct stat status;
  if (lstat(kPath.c_str(), &status) == 0 && (status.st_mode & S_ISVTX) == 0) CHECK(MUST(UnlinkSegment(kName)));
}

void CheckNothingLeft(const std::string& prefix, const char* behind) {
  std::string left;
  DIR* directory = opendir(kFolder.c_str());
  while (const dirent* entry = readdir(directory)) {
    if (strncmp(entry->d_name, &prefix[1], prefix.size() - 1) == 0 && entry->d_name[0] != '.')
      left += std::string(" ") + entry->d_name;
  }
  closedir(directory);
  if (!left.empty()) Wrong(std::string("left behind ") + behind + ":" + left);
}

void Recover(Recovery recovery) {
  UnlinkUncounted();
  if (recovery == Recovery::kByCreate) {
    Player player;
    Make(player);
    CarryOn(player);
    player.segment->Close();
    CheckNothingLeft(kName + '.', "a newcomer's");
  }
  CHECK(MUST(ListSegments()).empty());
  CheckNothingLeft("/", "a list");
}

void Act(const Scene& scene, const Fault& fault) {
  ActAs(scene.user);
  const int descriptors = CountDescriptors();
  {
    Player player;
    if (scene.prepare != nullptr) scene.prepare(player);
    player.fault = fault;
    Arm(fault, &report->calls);
    scene.act(player);
    Disarm();
  }
  if (CountDescriptors() != descriptors) Wrong("a descriptor is left open");
}

// Returns the first problem, or an empty string.
std::string Play(const Scene& scene, const Fault& fault, Recovery recovery) {
  *report = Report();
  if (scene.died != nullptr) {
    Await(Fork([&] {
            Player player;
            scene.died(player);
            kill(getpid(), SIGKILL);
          }),
          "the earlier process");
  }
  std::optional<Companion> companion;
  if (scene.lives != nullptr) companion.emplace(scene.lives);
  const bool killed = Await(Fork([&] { Act(scene, fault); }), "the process");
  if (killed != (fault.call != 0 && fault.error == 0)) Wrong("the call is not reached");
  if (fault.call > report->calls.count) Wrong("the call is not made");
  if (scene.user != 0) {
    Await(Fork([&] {
            ActAs(kStranger);
            Player player;
            Join(player);
            CarryOn(player);
          }),
          "a third user");
  }
  if (companion) companion->End();
  Await(Fork([&] { Recover(recovery); }), "a newcomer");
  ClearFolder();
  return report->wrong;
}

class Examination {
 public:
  Examination(const Scene& scene, int stride) : scene_(scene), stride_(stride) {}

  void Run() {
    Try(Fault(), "undisturbed", Recovery::kByList, faults_);
    const Calls calls = report->calls;  // a copy, because the next play overwrites it
    for (int call = 1; call <= calls.count; call++) {
      const std::string function = calls.functions[call - 1];
      const std::string where = "call " + std::to_string(call) + ", " + function + ", ";
      for (Recovery recovery : {Recovery::kByList, Recovery::kByCreate}) {
        Try({call, 0, false}, where + "and killed", recovery, kills_);
      }
      for (int error : ErrorsOf(function)) {
        const std::string what = where + strerrorname_np(error);
        Try({call, error, false}, what, Recovery::kByList, faults_);
        const bool passes = IsAnswer(function, error) || error == EINTR;
        if (!passes) Try({call, error, true}, what + " from then on", Recovery::kByCreate, faults_);
      }
    }
    printf("{\"scene\":\"%s\",\"calls\":%d,\"faults\":%d,\"kills\":%d,\"passed\":%d,\"failures\":[%s]}\n", scene_.name,
           calls.count, faults_, kills_, faults_ + kills_ - failed_, failures_.c_str());
    fflush(stdout);
  }

 private:
  void Try(const Fault& fault, const std::string& what, Recovery recovery, int& count) {
    if (fault.call != 0 && disturbances_++ % stride_ != 0) return;
    count++;
    const std::string wrong = Play(scene_, fault, recovery);
    if (wrong.empty()) return;
    failed_++;
    failures_ += (failures_.empty() ? "\"" : ",\"") + what + ": " + wrong + '"';
  }

  const Scene& scene_;
  const int stride_;
  int disturbances_ = 0;
  int faults_ = 0;
  int kills_ = 0;
  int failed_ = 0;
  std::string failures_;
};

bool HasUsers() {
  const pid_t pid = fork();
  if (pid == 0) _exit(setresuid(kOwner, kOwner, kOwner) == 0 ? 0 : 1);
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  return status == 0;
}

}  // namespace

int main(int count, char** names) {
  const int stride = count > 1 ? atoi(names[1]) : 0;
  if (stride < 1) {
    fprintf(stderr, "usage: faults STRIDE [SCENE...]\n");
    return 2;
  }
  IsolateFolder();
  report =
      static_cast<Report*>(mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  CHECK(report != MAP_FAILED);
  const bool has_users = HasUsers();
  for (const Scene& scene : kScenes) {
    const bool wanted = std::find(names + 2, names + count, std::string(scene.name)) != names + count;
    if ((count > 2 && !wanted) || (scene.user != 0 && !has_users)) continue;
    Examination(scene, stride).Run();
  }
}
