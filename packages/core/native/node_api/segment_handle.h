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
class SegmentHandle : public Napi::ObjectWrap<SegmentHandle>, private Handle {
 public:
  static Napi::Function Define(Napi::Env env);
  // Throws and closes the segment if the view cannot become an ArrayBuffer.
  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Segment> opened, double max_length);

  explicit SegmentHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SegmentHandle>(info) {}

 private:
  void CloseAtEnd() override;
  void Publish(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo&);
  // False if a handle has the slot, this one included.
  Napi::Value ClaimLease(const Napi::CallbackInfo& info);
  void ReleaseLease(const Napi::CallbackInfo& info) { leases_.erase(info[0].As<Napi::Number>().Uint32Value()); }
  Napi::Value IsLeased(const Napi::CallbackInfo& info);
  Napi::Value LeaseHolder(const Napi::CallbackInfo& info);
  Napi::Value OpenDoorbell(const Napi::CallbackInfo& info);

  std::shared_ptr<Segment> segment_;
  std::map<uint32_t, std::unique_ptr<Lease>> leases_;  // of segment_: declared after it, destroyed before it
  Napi::Reference<Napi::ArrayBuffer> buffer_;
};

}  // namespace memlane
