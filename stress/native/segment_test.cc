#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <tuple>
#include <vector>

#include "check.h"
#include "doorbell.h"
#include "lease.h"
#include "object.h"
#include "shared_memory.h"

using namespace memlane;
using namespace memlane::test;

TEST("bytes that one handle writes are seen by another, and the object is removed with its last handle") {
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  {
    auto creator = Published(name);
    CHECK(FailsWith(Create(name), "ALREADY_EXISTS"));
    auto opener = MUST(Open(name));
    CHECK(opener->object_length() == 64 && opener->view_length() == 64 && opener->name() == name);
    creator->data()[63] = 7;
    CHECK(opener->data()[63] == 7);
    creator->Close();
    creator->Close();
    CHECK(creator->handle() == -1);
    CHECK(MUST(Open(name))->data()[63] == 7);
  }
  CHECK(FailsWith(Open(name), "NOT_FOUND"));
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("an object cannot be opened before it is published") {
  const std::string name = UniqueName();
  auto first = MUST(Create(name));
  auto second = MUST(Create(name));
  CHECK(FailsWith(Open(name), "NOT_FOUND"));
  MUST(first->Publish());
  const auto failure = second->Publish();
  CHECK(failure && strcmp(failure->code, "ALREADY_EXISTS") == 0);
  first.reset();
  MUST(second->Publish());
}

TEST("a view is exactly the part that was requested, at any multiple of 8, and cannot reach beyond the end") {
  const std::string name = UniqueName();
  auto whole = Published(name, 10'000);
  for (uint64_t offset : {0, 8, 4096, 9992}) {
    View view;
    view.offset = offset;
    view.length = 8;
    auto part = MUST(Open(name, view));
    CHECK(part->view_length() == 8);
    whole->data()[offset] = static_cast<uint8_t>(offset / 8 + 1);
    CHECK(part->data()[0] == static_cast<uint8_t>(offset / 8 + 1));
    view.length.reset();
    CHECK(MUST(Open(name, view))->view_length() == 10'000 - offset);
  }
  View view;
  view.offset = 9992;
  view.length = 16;
  auto behind = Open(name, view);
  CHECK(FailsWith(behind, "TOO_SHORT"));
  CHECK(behind.failure().requested == 10'008 && behind.failure().available == 10'000);
  view.offset = 10'000;
  view.length.reset();
  CHECK(FailsWith(Open(name, view), "TOO_SHORT"));
}

TEST("a copy is private from the first write on") {
  const std::string name = UniqueName();
  auto shared = Published(name);
  View view;
  view.access = Access::kCopy;
  auto copy = MUST(Open(name, view));
  copy->data()[0] = 1;
  CHECK(shared->data()[0] == 0);
}

TEST("an object that does not fit is refused, and the error has the free bytes") {
  auto large = Create(UniqueName(), uint64_t{1} << 50);
  CHECK(FailsWith(large, "NO_SPACE"));
  CHECK(large.failure().requested == uint64_t{1} << 50 && large.failure().available < uint64_t{1} << 50);
}

TEST("a persistent object stays until it is unlinked") {
  const std::string name = UniqueName();
  Published(name, 64, true).reset();
  CHECK(MUST(Open(name))->object_length() == 64);
  CHECK(FailsWith(Create(name), "ALREADY_EXISTS"));
  CHECK(MUST(UnlinkSegment(name)));
  CHECK(FailsWith(UnlinkSegment(name), "NOT_FOUND"));
}

TEST("an object that is held cannot be unlinked") {
  const std::string name = UniqueName();
  auto held = Published(name);
  CHECK(FailsWith(UnlinkSegment(name), "IN_USE"));
}

TEST("an object that a killed process has left is not found, and its name is free") {
  const std::string name = UniqueName();
  for (int round = 0; round < 2; round++) {
    Child child([&] { return Published(name); });
    CHECK(CountFiles(name) == 1);
    child.Kill();
    CHECK(CountFiles(name) == 1);
    if (round == 0) {
      CHECK(FailsWith(Open(name), "NOT_FOUND"));
    } else {
      Published(name);
    }
    CHECK(CountFiles(name) == 0);
  }
}

TEST("a list has the objects that are held, and removes the objects that a killed process has left") {
  const std::string name = UniqueName();
  Child child([&] { return Published(name + "orphan"); });
  auto held = Published(name + "held");
  auto again = MUST(Open(name + "held"));
  child.Kill();
  const auto segments = MUST(ListSegments());
  const auto find = [&](const std::string& wanted) {
    return std::find_if(segments.begin(), segments.end(), [&](const auto& info) { return info.name == wanted; });
  };
  CHECK(find(name + "orphan") == segments.end());
  const auto info = find(name + "held");
  CHECK(info != segments.end() && info->length == 64 && info->mode == 0600 && info->counted);
  CHECK(info->owner == std::to_string(geteuid()));
  held.reset();
  again.reset();
  CHECK(CountFiles(name) == 0);
}

TEST("a folder of bells and leases that a crash has left is removed with its memory, or by a list") {
  const std::string name = UniqueName();
  std::string folder;
  const auto crash = [&](const std::string& chosen) {
    Child child([&] {
      auto segment = Published(chosen);
      auto bell = MUST(OpenDoorbell(*segment, 0));
      auto lease = MUST(ClaimLease(*segment, 0));
      return std::make_tuple(std::move(segment), std::move(bell), std::move(lease));
    });
    {
      auto segment = MUST(Open(chosen));
      folder = FifoFolderOf(*segment);
    }
    CHECK(CountFifos(folder) == 2);
    child.Kill();
    CHECK(CountFifos(folder) == 2);
  };
  crash(name);
  CHECK(FailsWith(Open(name), "NOT_FOUND") && !Exists(folder));
  crash(name);
  Published(name);
  CHECK(!Exists(folder) && CountFiles(name) == 0);
  crash(name);
  CHECK(unlink(("/dev/shm" + name).c_str()) == 0);
  Published(name);
  CHECK(Exists(folder));
  MUST(ListSegments());
  CHECK(!Exists(folder));
}

TEST("a list does not remove folders that are in use, nor folders of other programs") {
  auto segment = Published(UniqueName());
  auto bell = MUST(OpenDoorbell(*segment, 0));
  const std::string folder = FifoFolderOf(*segment);
  const std::string other = "/dev/shm/.memlane.x" + std::to_string(getpid());
  const std::string unfinished = "/dev/shm/.memlane.0.new" + std::to_string(getpid());
  for (const std::string& path : {other, unfinished}) CHECK(mkdir(path.c_str(), 0700) == 0);
  MUST(ListSegments());
  CHECK(CountFifos(folder) == 1 && Exists(other) && !Exists(unfinished));
  CHECK(rmdir(other.c_str()) == 0);
}

TEST("memory that others may write has its folder from the start, and the folder admits the same users") {
  const std::string name = UniqueName();
  const auto modes = [&](uint32_t mode) {
    CreateOptions options;
    options.name = name;
    options.length = 64;
    options.mode = mode;
    auto segment = MUST(CreateSegment(options, View()));
    const std::string folder = FifoFolderOf(*segment);
    const bool is_early = Exists(folder);
    CHECK(is_early == ((mode & 0022) != 0));
    auto bell = MUST(OpenDoorbell(*segment, 0));
    struct stat of_folder, of_bell;
    CHECK(stat(folder.c_str(), &of_folder) == 0 && stat((folder + "/bell.0").c_str(), &of_bell) == 0);
    return std::make_pair(of_folder.st_mode & 07777, of_bell.st_mode & 07777);
  };
  CHECK(modes(0600) == std::make_pair(0700u, 0600u));
  CHECK(modes(0400) == std::make_pair(0700u, 0600u));
  CHECK(modes(0644) == std::make_pair(0755u, 0644u));
  CHECK(modes(0660) == std::make_pair(0770u, 0660u));
  CHECK(modes(0664) == std::make_pair(0775u, 0664u));
  CHECK(modes(0666) == std::make_pair(0777u, 0666u));
}

TEST("threads that open and release the folder of the same memory always find a folder") {
  const std::string name = UniqueName();
  auto segment = Published(name);
  const std::string folder = FifoFolderOf(*segment);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; round++) {
        auto own = MUST(Open(name));
        auto bell = MUST(OpenDoorbell(*own, 0));
        MUST(bell->Ring());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(!Exists(folder));
}

TEST("exit() releases the objects that are still held") {
  const std::string name = UniqueName();
  Child child([&] { return Published(name); });
  CHECK(CountFiles(name) == 1);
  child.Exit();
  CHECK(CountFiles(name) == 0);
}

TEST("a file that is no memory is refused under the name of an object, and is not changed") {
  const std::string name = UniqueName();
  const std::string path = "/dev/shm" + name;
  const auto refused = [&](const char* code) {
    CHECK(FailsWith(Open(name), code));
    CHECK(FailsWith(Create(name), "ALREADY_EXISTS"));
    CHECK(FailsWith(UnlinkSegment(name), code));
    CHECK(CountFiles(name) == 1);
  };
  CHECK(mkdir(path.c_str(), 0700) == 0);
  CHECK(FailsWith(Open(name), "NOT_SHARED_MEMORY"));
  CHECK(FailsWith(Create(name), "ALREADY_EXISTS"));
  CHECK(rmdir(path.c_str()) == 0);
  CHECK(mknod(path.c_str(), S_IFIFO | 0600, 0) == 0);
  refused("NOT_SHARED_MEMORY");
  CHECK(unlink(path.c_str()) == 0);
  CHECK(mknod(path.c_str(), S_IFSOCK | 0600, 0) == 0);
  refused("NOT_SHARED_MEMORY");
  CHECK(unlink(path.c_str()) == 0);
  CHECK(symlink("/etc/passwd", path.c_str()) == 0);
  refused("ACCESS_DENIED");
  CHECK(unlink(path.c_str()) == 0);
}

TEST("an empty file of another program is too short, and the space of a sparse one is reserved") {
  const std::string name = UniqueName();
  const int file = open(("/dev/shm" + name).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  CHECK(file >= 0);
  CHECK(FailsWith(Open(name), "TOO_SHORT"));
  CHECK(ftruncate(file, 100'000) == 0);
  auto segment = MUST(Open(name));
  struct stat status;
  CHECK(fstat(file, &status) == 0 && status.st_size == 100'000 && status.st_blocks * 512 >= 100'000);
  segment->data()[99'999] = 1;
  close(file);
  CHECK(MUST(UnlinkSegment(name)));
}

TEST("threads that create, open and close the same names see whole objects or no object, and leave no file") {
  constexpr uint64_t kLength = 5'000;
  const std::string name = UniqueName();
  const int descriptors = CountDescriptors();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([=] {
      for (int round = 0; round < 200; round++) {
        const std::string chosen = name + static_cast<char>('a' + round % 2);
        if ((thread + round) % 4 < 2) {
          auto created = Create(chosen, kLength);
          if (!created.ok()) {
            CHECK(FailsWith(created, "ALREADY_EXISTS"));
            continue;
          }
          memset(created.value()->data(), thread + 1, kLength);
          const auto failure = created.value()->Publish();
          CHECK(!failure || strcmp(failure->code, "ALREADY_EXISTS") == 0);
        } else {
          auto opened = Open(chosen);
          if (!opened.ok()) {
            CHECK(FailsWith(opened, "NOT_FOUND"));
            continue;
          }
          const uint8_t* data = opened.value()->data();
          CHECK(data[0] >= 1 && data[0] <= 4 && memcmp(data, data + 1, kLength - 1) == 0);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(CountFiles(name) == 0 && CountDescriptors() == descriptors);
}

TEST("threads may list while others create and close") {
  const std::string name = UniqueName();
  std::thread lister([] {
    for (int round = 0; round < 100; round++) MUST(ListSegments());
  });
  for (int round = 0; round < 100; round++) {
    auto segment = Published(name + static_cast<char>('a' + round % 2));
    CHECK(MUST(Open(segment->name()))->view_length() == 64);
  }
  lister.join();
  CHECK(CountFiles(name) == 0);
}

TEST("a segment can be used by any thread until it is closed") {
  const std::string name = UniqueName();
  auto segment = Published(name, 4096);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 100; round++) {
        segment->data()[thread * 64] = static_cast<uint8_t>(round);
        auto again = MUST(Open(segment->name()));
        CHECK(again->data()[thread * 64] == round && again->object_length() == segment->object_length());
      }
    });
  }
  for (auto& thread : threads) thread.join();
}
