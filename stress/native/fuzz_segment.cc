// Coverage-guided fuzzing of the input that the native code cannot trust: the files in /dev/shm under the names of
// objects, bells and leases. The bytes of a case are a sequence of operations on a few names. Some are operations of
// this project. Others are operations of a hostile process that creates files, folders, links, sockets, locks and sizes
// there.
//
// Every failure must say what failed, and no operation may wait without end. A case leaves no descriptor, and without
// hostile operations no file. Runs in a mount namespace with a small /dev/shm of its own, which is soon full.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "check.h"
#include "doorbell.h"
#include "folder.h"
#include "lease.h"
#include "memory_barrier.h"
#include "object.h"
#include "posix/descriptor.h"
#include "shared_memory.h"
#include "test_loop.h"

using namespace memlane;
using namespace memlane::test;

// Replaces the C library's usleep, because a wait for a holder that never finishes takes many sleeps.
extern "C" int usleep(useconds_t) { return 0; }

namespace {

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t length) : data_(data), end_(data + length) {}
  bool empty() const { return data_ == end_; }
  uint8_t Byte() { return empty() ? 0 : *data_++; }
  uint8_t Below(int count) { return static_cast<uint8_t>(Byte() % count); }
  bool Flag() { return Byte() & 1; }

  // Zero, small, about a page, or large: up to what JavaScript's safe integers hold.
  uint64_t Size() {
    const uint64_t base = uint64_t{1} << Below(54);
    return base + Byte() - 128 > base * 2 ? base : base + Byte() - 128;
  }

  uint32_t Number() {
    constexpr uint32_t kNumbers[] = {0, 1, 63, 1000, INT32_MAX, UINT32_MAX};
    return kNumbers[Below(6)];
  }

  // A name that src/name.ts accepts.
  std::string Name() {
    switch (Below(8)) {
      case 0:
        return "/a";
      case 1:
        return "/a.lease.0";
      case 2:
        return "/a.bell.0";
      case 3:
        return "/" + std::string(255, 'n');
      case 4:
        return "/" + std::string(248, 'n');  // too long for the number of a bell
      case 5: {
        std::string name = "/x";
        for (int length = Below(16); length > 0; length--) {
          const char character = static_cast<char>(Byte());
          if (character != '\0' && character != '/') name += character;
        }
        return name;
      }
      default:
        return "/b";
    }
  }

  // The path of an object, or of a file with a reserved ending.
  std::string Path() {
    const std::string object = kFolder + Name();
    switch (Below(4)) {
      case 0:
        return object;
      case 1:
        return object + ".bell." + std::to_string(Number());
      case 2:
        return object + ".lease." + std::to_string(Number());
      default:
        return object + ".lease." + std::to_string(Number()) + ".new";
    }
  }

 private:
  const uint8_t* data_;
  const uint8_t* const end_;
};

void Explained(const Failure& failure) {
  CHECK(failure.code != nullptr && failure.code[0] != '\0');
  CHECK(failure.syscall != nullptr && failure.syscall[0] != '\0');
  CHECK(!failure.os_message.empty());
  CHECK(failure.os_code > 0 || failure.os_message == "not a FIFO");
}

void Explained(const std::optional<Failure>& failure) {
  if (failure) Explained(*failure);
}

// One sequence of operations. The destructor closes everything that is still open.
class Case {
 public:
  explicit Case(Bytes bytes) : bytes_(bytes) {}

  ~Case() {
    for (auto& bell : bells_) CloseBell(bell);
    TurnLoop();
  }

  void Run() {
    for (int step = 0; step < 64 && !bytes_.empty(); step++) Step();
  }

  bool hostile() const { return hostile_; }

 private:
  struct Bell {
    std::unique_ptr<Doorbell> doorbell;
    bool attached = false;
  };

  template <typename Value>
  void Keep(Result<std::unique_ptr<Value>> result, std::unique_ptr<Value>& kept) {
    if (result.ok()) {
      kept = std::move(result.value());
    } else {
      Explained(result.failure());
    }
  }

  template <typename Value>
  void Ask(const Result<Value>& result) {
    if (!result.ok()) Explained(result.failure());
  }

  void CloseBell(Bell& bell) {
    if (!bell.doorbell) return;
    bool closed = false;
    bell.doorbell->Close([&] { closed = true; });
    CHECK(closed != bell.attached);
    TurnLoop();
    CHECK(closed);
    bell = Bell();
  }

  View AnyView() {
    View view;
    view.access = static_cast<Access>(bytes_.Below(3));
    if (bytes_.Flag()) view.offset = bytes_.Size() / 8 * 8;
    if (bytes_.Flag()) view.length = bytes_.Size();
    return view;
  }

  // Touches every page of a short view if its pages are reserved. A process that truncates a file under our mapping can
  // kill us, and no code here can prevent that.
  static void Touch(const Segment& segment, bool writable, uint64_t offset) {
    struct stat status;
    const uint64_t length = segment.view_length();
    CHECK(length > 0 && length <= segment.object_length() && offset <= segment.object_length() - length);
    if (fstat(static_cast<int>(segment.handle()), &status) != 0) return;
    if (static_cast<uint64_t>(status.st_size) < offset + length || status.st_blocks * 512 < status.st_size) return;
    for (uint64_t at = 0; at < length; at += 4096) {
      volatile uint8_t* byte = segment.data() + at;
      const uint8_t value = *byte;
      if (writable) *byte = value;
    }
    volatile uint8_t* last = segment.data() + length - 1;
    if (writable) *last = *last;
  }

  void Step() {
    auto& segment = segments_[bytes_.Below(segments_.size())];
    auto& bell = bells_[bytes_.Below(bells_.size())];
    auto& lease = leases_[bytes_.Below(leases_.size())];
    switch (bytes_.Below(18)) {
      case 0: {
        CreateOptions options;
        options.name = bytes_.Name();
        options.length = bytes_.Size();
        options.persistent = bytes_.Flag();
        options.mode = bytes_.Flag() ? 0600 : bytes_.Byte() & 0777;
        if (options.persistent) hostile_ = true;
        const View view = AnyView();
        auto created = CreateSegment(options, view);
        if (created.ok()) {
          Touch(*created.value(), view.access != Access::kRead, view.offset);
          if (bytes_.Byte() != 0) Explained(created.value()->Publish());
        }
        return Keep(std::move(created), segment);
      }
      case 1: {
        OpenOptions options;
        options.name = bytes_.Name();
        options.trust_any_owner = bytes_.Flag();
        if (bytes_.Flag()) options.trusted_owners.push_back(bytes_.Byte());
        const View view = AnyView();
        auto opened = OpenSegment(options, view);
        if (opened.ok()) Touch(*opened.value(), view.access != Access::kRead, view.offset);
        Keep(std::move(opened), segment);
        return;
      }
      case 2:
        if (segment) Explained(segment->Publish());
        return;
      case 3:
        if (segment) segment->Close();
        segment.reset();
        return;
      case 4:
        return Ask(UnlinkSegment(bytes_.Name()));
      case 5:
        return Ask(ListSegments());
      case 6:
        if (!segment) return;
        CloseBell(bell);
        return Keep(OpenDoorbell(*segment, bytes_.Number()), bell.doorbell);
      case 7:
        if (bell.doorbell) Explained(bell.doorbell->Ring());
        return;
      case 8:
        if (bell.doorbell) Ask(bell.doorbell->Wait(0));
        return;
      case 9:
        if (bell.doorbell) Ask(bell.doorbell->Watch(bytes_.Number()));
        return;
      case 10:
        if (!bell.doorbell || bell.attached) return;
        Explained(bell.doorbell->Attach(LoopOf(LoopKind::kUvPoll), [] {}));
        bell.attached = true;
        return bell.doorbell->SetReferenced(bytes_.Flag());
      case 11:
        CloseBell(bell);
        return;
      case 12:
        TurnLoop();
        return;
      case 13:
        if (!segment) return;
        return Keep(ClaimLease(*segment, bytes_.Number()), lease);
      case 14:
        lease.reset();
        return;
      case 15:
        if (segment) Ask(IsLeased(*segment, bytes_.Number()));
        return;
      default:
        hostile_ = true;
        return Disturb();
    }
  }

  // Ignores a result, because the operation may fail.
  static void Tried(ssize_t) {}

  // Does what a hostile process may do to the folder.
  void Disturb() {
    auto& held = held_[bytes_.Below(held_.size())];
    const std::string path = bytes_.Path();
    switch (bytes_.Below(13)) {
      case 0:
        held = Descriptor(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600));
        return;
      case 1:
        mkdir(path.c_str(), 0700);
        return;
      case 2:
        return Tried(symlink(bytes_.Path().c_str(), path.c_str()));
      case 3:
        mknod(path.c_str(), S_IFIFO | 0600, 0);
        return;
      case 4:
        mknod(path.c_str(), S_IFSOCK | 0600, 0);
        return;
      case 5:
        remove(path.c_str());
        return;
      case 6:
        rename(path.c_str(), bytes_.Path().c_str());
        return;
      case 7:
        flock(held.get(), (bytes_.Flag() ? LOCK_SH : LOCK_EX) | LOCK_NB);
        return;
      case 8: {
        struct flock lock = {};
        lock.l_type = bytes_.Flag() ? F_RDLCK : F_WRLCK;
        lock.l_start = bytes_.Number();
        lock.l_len = bytes_.Flag();
        fcntl(held.get(), F_OFD_SETLK, &lock);
        return;
      }
      case 9:
        return Tried(ftruncate(held.get(), static_cast<off_t>(bytes_.Size())));
      case 10:
        fchmod(held.get(), bytes_.Byte() | (bytes_.Flag() ? S_ISVTX : 0));
        return;
      case 11:
        return Tried(fchown(held.get(), bytes_.Byte(), bytes_.Byte()));
      default: {
        static const std::array<char, 65536> rings = {};
        struct stat status;
        if (fstat(held.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) return;
        return Tried(write(held.get(), rings.data(), rings.size()));
      }
    }
  }

  Bytes bytes_;
  std::array<std::unique_ptr<Segment>, 4> segments_;
  std::array<Bell, 3> bells_;
  std::array<std::unique_ptr<Lease>, 3> leases_;
  std::array<Descriptor, 3> held_;
  bool hostile_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  IsolateFolder();
  RegisterForMemoryBarriers();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t length) {
  const int descriptors = CountDescriptors();
  bool hostile;
  {
    Case one(Bytes(data, length));
    one.Run();
    hostile = one.hostile();
  }
  CHECK(CountDescriptors() == descriptors);
  const int left = ClearFolder();
  CHECK(hostile || left == 0);
  CHECK(GlobalMemoryBarrier());
  return 0;
}
