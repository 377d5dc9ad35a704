// Waits for several events at once. One implementation per system: linux/event_set.cc, macos/event_set.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "../result.h"
#include "descriptor.h"

namespace memlane {

// Each event has a tag, which Take() returns.
class EventSet {
 public:
  virtual ~EventSet() = default;

  // Readable while there are events: for poll, and for the event loop.
  virtual const Descriptor& descriptor() const = 0;

  // An event while the source is readable.
  virtual std::optional<Failure> AddReadable(const Descriptor& source, uint64_t tag) = 0;

  // An event when the lease behind the source may have ended: a FIFO has hung up, or a file was unlocked
  // (lease_watch.h).
  virtual std::optional<Failure> AddLease(const Descriptor& source, uint64_t tag) = 0;
  virtual void RemoveLease(const Descriptor& source) = 0;

  // An event, once, after that time. Replaces the time that was set for the tag before.
  virtual std::optional<Failure> SetTimer(uint64_t tag, int64_t ms) = 0;
  virtual void StopTimer(uint64_t tag) = 0;

  // The tags of the events that are there now, but not too many at once. Never blocks.
  virtual Result<std::vector<uint64_t>> Take() = 0;
};

Result<std::unique_ptr<EventSet>> MakeEventSet();

}  // namespace memlane
