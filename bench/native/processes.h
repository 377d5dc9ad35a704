// Shared memory by name, and the processes of a trial: the hub, and the spokes, which it forks. Each process opens the
// memory by its name and maps it itself.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "measure.h"

constexpr uint32_t kMaxSpokes = 8;

[[noreturn]] inline void fail(const char* what) {
  perror(what);
  exit(1);
}

inline uint8_t* map(const std::string& name, size_t length, int flags) {
  const int file = shm_open(name.c_str(), O_RDWR | flags, 0600);
  if (file == -1) fail("shm_open");
  if ((flags & O_CREAT) != 0) {
    const int error = posix_fallocate(file, 0, length);
    if (error != 0) fail("posix_fallocate");
  }
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) fail("mmap");
  close(file);
  return static_cast<uint8_t*>(memory);
}

// The first bytes of the memory.
struct Meeting {
  std::atomic<uint32_t> ready;
  std::atomic<uint32_t> go;
  Report reports[kMaxSpokes];
};

// Runs `spoke(memory, index)` in processes of their own and `hub(memory)` in this one. All begin at the same moment.
// Prints their reports. `memory` begins behind the meeting, at a multiple of 4096.
template <typename Hub, typename Spoke>
void run_processes(size_t length, uint32_t spokes, Hub hub, Spoke spoke) {
  constexpr size_t kMeetingLength = 4096;
  static_assert(sizeof(Meeting) <= kMeetingLength);
  const std::string name = "/memlane-floor-" + std::to_string(getpid());
  uint8_t* memory = map(name, kMeetingLength + length, O_CREAT | O_EXCL);
  auto* meeting = reinterpret_cast<Meeting*>(memory);
  std::vector<pid_t> children;
  for (uint32_t i = 0; i < spokes; i++) {
    const pid_t child = fork();
    if (child == -1) fail("fork");
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    munmap(memory, kMeetingLength + length);
    memory = map(name, kMeetingLength + length, 0);
    meeting = reinterpret_cast<Meeting*>(memory);
    meeting->ready.fetch_add(1);
    while (meeting->go.load() == 0) sched_yield();
    meeting->reports[i] = spoke(memory + kMeetingLength, i);
    _exit(0);
  }
  while (meeting->ready.load() < spokes) sched_yield();
  shm_unlink(name.c_str());
  meeting->go.store(1);
  const Report report = hub(memory + kMeetingLength);

  const auto print = [](const Report& report) {
    printf("{\"messages\":%.0f,\"seconds\":%.9f,\"processorNs\":%.0f", report.messages, report.seconds,
           report.processor_ns);
    if (report.p50 != 0) {
      printf(",\"roundTrip\":{\"block\":%.2f,\"mean\":%.2f,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f}", report.block,
             report.mean, report.p50, report.p99, report.p999);
    }
    printf("}");
  };
  printf("{\"hub\":");
  print(report);
  printf(",\"spokes\":[");
  for (uint32_t i = 0; i < spokes; i++) {
    int status;
    if (waitpid(children[i], &status, 0) == -1) fail("waitpid");
    if (status != 0) {
      fprintf(stderr, "spoke %u ended with status %d\n", i, status);
      exit(1);
    }
    if (i != 0) printf(",");
    print(meeting->reports[i]);
  }
  printf("]}\n");
}
