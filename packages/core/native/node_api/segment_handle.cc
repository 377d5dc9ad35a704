#include "segment_handle.h"

#include <string>
#include <utility>

#include "../doorbell.h"
#include "../ordered_copy.h"
#include "doorbell_handle.h"
#include "environment.h"

namespace memlane {
namespace {

// Keeps the segment alive for the ArrayBuffer. Runs when an external buffer is collected or detached, when one of the
// heap's own is collected, and when the environment ends.
void ReleaseSegment(napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Segment>*>(hint); }

}  // namespace

Napi::Function SegmentHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "Segment",
      {InstanceMethod<&SegmentHandle::Publish>("publish"), InstanceMethod<&SegmentHandle::Read>("read"),
       InstanceMethod<&SegmentHandle::Write>("write"), InstanceMethod<&SegmentHandle::MoveOnto>("moveOnto"),
       InstanceMethod<&SegmentHandle::ClaimLease>("claimLease"),
       InstanceMethod<&SegmentHandle::ReleaseLease>("releaseLease"),
       InstanceMethod<&SegmentHandle::IsLeased>("isLeased"), InstanceMethod<&SegmentHandle::LeaseHolder>("leaseHolder"),
       InstanceMethod<&SegmentHandle::OpenDoorbell>("openDoorbell"), InstanceMethod<&SegmentHandle::Close>("close")});
}

Napi::Value SegmentHandle::Wrap(Napi::Env env, std::unique_ptr<Segment> opened, double max_length, bool external) {
  std::shared_ptr<Segment> segment(std::move(opened));
  if (static_cast<double>(segment->view_length()) > max_length) {
    Throw(env, {"TOO_LONG", "napi_create_external_arraybuffer", 0, "too long", segment->view_length(),
                static_cast<uint64_t>(max_length)});
    return env.Undefined();
  }
  napi_value buffer = nullptr;
  if (external) {
    auto* hint = new std::shared_ptr<Segment>(segment);
    const napi_status status =
        napi_create_external_arraybuffer(env, segment->data(), segment->view_length(), ReleaseSegment, hint, &buffer);
    if (status != napi_ok) {
      delete hint;
      buffer = nullptr;
      if (env.IsExceptionPending()) env.GetAndClearPendingException();
    }
    if (status != napi_ok && status != napi_no_external_buffers_allowed) {
      Throw(env,
            {"SYSTEM", "napi_create_external_arraybuffer", static_cast<long>(status), "could not make an ArrayBuffer"});
      return env.Undefined();
    }
  }
  Napi::Object object = env.GetInstanceData<Classes>()->segment.New({});
  SegmentHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return env.Undefined();  // the environment is being terminated
  object.Set("objectLength", static_cast<double>(segment->object_length()));
  object.Set("viewLength", static_cast<double>(segment->view_length()));
  if (buffer != nullptr) {
    object.Set("buffer", buffer);
    handle->buffer_ = Napi::Weak(Napi::ArrayBuffer(env, buffer));
  } else {
    object.Set("pagesLength", static_cast<double>(segment->pages_length()));
  }
  handle->segment_ = std::move(segment);
  handle->CloseWith(env.GetInstanceData<Classes>());
  return object;
}

// JavaScript no longer runs, so it cannot use the view.
void SegmentHandle::CloseAtEnd() {
  leases_.clear();
  if (segment_) segment_->Close();
}

void SegmentHandle::Publish(const Napi::CallbackInfo& info) {
  if (!segment_) return;
  if (auto failure = segment_->Publish()) Throw(info.Env(), *failure);
}

void SegmentHandle::Read(const Napi::CallbackInfo& info) {
  if (uint8_t* place = PlaceOf(info)) {
    Napi::Uint8Array target = info[1].As<Napi::Uint8Array>();
    CopyOrdered(target.Data(), place, target.ByteLength());
  }
}

void SegmentHandle::Write(const Napi::CallbackInfo& info) {
  if (uint8_t* place = PlaceOf(info)) {
    Napi::Uint8Array source = info[1].As<Napi::Uint8Array>();
    CopyOrdered(place, source.Data(), source.ByteLength());
  }
}

uint8_t* SegmentHandle::PlaceOf(const Napi::CallbackInfo& info) {
  if (!segment_) return nullptr;
  const auto offset = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const size_t length = info[1].As<Napi::Uint8Array>().ByteLength();
  // The caller has checked the length that the array claims to have: a subclass can claim another one.
  if (offset <= segment_->view_length() && length <= segment_->view_length() - offset) return segment_->data() + offset;
  Napi::RangeError::New(info.Env(), std::to_string(length) + " bytes at offset " + std::to_string(offset) +
                                        " are not inside a view of " + std::to_string(segment_->view_length()) +
                                        " bytes")
      .ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value SegmentHandle::MoveOnto(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::ArrayBuffer buffer = info[0].As<Napi::ArrayBuffer>();
  if (!segment_ || buffer.Data() == nullptr) return env.Undefined();
  if (auto failure = segment_->MoveOnto(buffer.Data(), buffer.ByteLength())) {
    Throw(env, *failure);
    return env.Undefined();
  }
  on_heap_pages_ = true;
  buffer_ = Napi::Weak(buffer);
  auto* hint = new std::shared_ptr<Segment>(segment_);
  if (napi_add_finalizer(env, buffer, nullptr, ReleaseSegment, hint, nullptr) != napi_ok) delete hint;
  return Napi::Number::New(env, static_cast<double>(segment_->data() - static_cast<uint8_t*>(buffer.Data())));
}

Napi::Value SegmentHandle::Close(const Napi::CallbackInfo& info) {
  bool is_fresh = false;
  if (!segment_) return Napi::Boolean::New(info.Env(), is_fresh);
  leases_.clear();
  Napi::ArrayBuffer buffer = buffer_.Value();
  if (!buffer.IsEmpty() && !buffer.IsDetached()) {
    if (on_heap_pages_) {
      is_fresh = segment_->ClearPages();
    } else {
      buffer.Detach();
    }
    segment_->Close();
  }
  // If the program detached the buffer itself (ArrayBuffer.prototype.transfer), its memory may live on elsewhere: then
  // ReleaseSegment unmaps it.
  segment_.reset();
  return Napi::Boolean::New(info.Env(), is_fresh);
}

Napi::Value SegmentHandle::ClaimLease(const Napi::CallbackInfo& info) {
  const uint32_t slot = info[0].As<Napi::Number>().Uint32Value();
  if (!segment_) return Napi::Boolean::New(info.Env(), false);
  auto lease = memlane::ClaimLease(*segment_, slot);
  if (!lease.ok()) {
    Throw(info.Env(), lease.failure());
    return info.Env().Undefined();
  }
  const bool claimed = lease.value() != nullptr;
  if (claimed) leases_[slot] = std::move(lease.value());
  return Napi::Boolean::New(info.Env(), claimed);
}

Napi::Value SegmentHandle::IsLeased(const Napi::CallbackInfo& info) {
  const uint32_t slot = info[0].As<Napi::Number>().Uint32Value();
  if (!segment_) return Napi::Boolean::New(info.Env(), false);
  auto leased = memlane::IsLeased(*segment_, slot);
  if (leased.ok()) return Napi::Boolean::New(info.Env(), leased.value());
  Throw(info.Env(), leased.failure());
  return info.Env().Undefined();
}

Napi::Value SegmentHandle::LeaseHolder(const Napi::CallbackInfo& info) {
  if (!segment_) return info.Env().Undefined();
  const auto pid = memlane::LeaseHolder(*segment_, info[0].As<Napi::Number>().Uint32Value());
  return pid ? Napi::Number::New(info.Env(), *pid) : info.Env().Undefined();
}

Napi::Value SegmentHandle::OpenDoorbell(const Napi::CallbackInfo& info) {
  if (!segment_) return info.Env().Undefined();
  auto doorbell = memlane::OpenDoorbell(*segment_, info[0].As<Napi::Number>().Uint32Value());
  if (doorbell.ok()) {
    return DoorbellHandle::Wrap(info.Env(), std::move(doorbell.value()), info[1].As<Napi::Boolean>().Value());
  }
  Throw(info.Env(), doorbell.failure());
  return info.Env().Undefined();
}

}  // namespace memlane
