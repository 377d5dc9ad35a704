// The JavaScript object of a segment.
#pragma once

#include <napi.h>

#include <map>
#include <memory>

#include "../lease.h"
#include "../shared_memory.h"
#include "environment.h"

namespace memlane {

// Owns a segment and the leases that were claimed through it. The view is an external ArrayBuffer over the mapping. The
// handle and the ArrayBuffer share the segment, so that the mapping outlives the one that is collected first. close()
// detaches the ArrayBuffer, which empties every typed array over it, and only then unmaps.
//
// If the heap admits no foreign memory, the handle has no ArrayBuffer at first. moveOnto(buffer) replaces the pages of
// an ArrayBuffer of the heap's own by the view; src/heap-pages.ts says how such a view ends.
class SegmentHandle : public Napi::ObjectWrap<SegmentHandle>, private Handle {
 public:
  static Napi::Function Define(Napi::Env env);
  // Throws and closes the segment if the view cannot become an ArrayBuffer. Without `external`, behaves as in a heap
  // that admits no foreign memory.
  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Segment> opened, double max_length, bool external);

  explicit SegmentHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SegmentHandle>(info) {}

 private:
  void CloseAtEnd() override;
  void Publish(const Napi::CallbackInfo& info);
  // read(offset, target), write(offset, source): copy bytes of the view.
  void Read(const Napi::CallbackInfo& info);
  void Write(const Napi::CallbackInfo& info);
  // The place in the view of read() and write(). Null, with a RangeError, if the array does not fit there.
  uint8_t* PlaceOf(const Napi::CallbackInfo& info);
  // moveOnto(buffer): returns the offset of the view in the buffer.
  Napi::Value MoveOnto(const Napi::CallbackInfo& info);
  // Returns true if fresh pages are now where MoveOnto has put the view.
  Napi::Value Close(const Napi::CallbackInfo& info);
  // False if a handle has the slot, this one included.
  Napi::Value ClaimLease(const Napi::CallbackInfo& info);
  void ReleaseLease(const Napi::CallbackInfo& info) { leases_.erase(info[0].As<Napi::Number>().Uint32Value()); }
  Napi::Value IsLeased(const Napi::CallbackInfo& info);
  Napi::Value LeaseHolder(const Napi::CallbackInfo& info);
  Napi::Value OpenDoorbell(const Napi::CallbackInfo& info);

  std::shared_ptr<Segment> segment_;
  std::map<uint32_t, std::unique_ptr<Lease>> leases_;  // of segment_: declared after it, destroyed before it
  Napi::Reference<Napi::ArrayBuffer> buffer_;
  bool on_heap_pages_ = false;
};

}  // namespace memlane
