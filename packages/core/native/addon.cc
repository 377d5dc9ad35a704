// The Node-API side of core: converts arguments, throws, owns handles. What it exports is typed in src/binding.ts, its
// only caller, which has checked the arguments.
//
// A view is an external ArrayBuffer over the mapping. The Segment is shared by the handle and by the ArrayBuffer, so
// that the mapping outlives whichever of the two is collected first; both go at the end of their environment. close()
// detaches the ArrayBuffer, which makes every typed array over it empty, and only then unmaps.
//
// A worker can be terminated in the middle of any function here: every call into the environment fails from then on,
// and leaves its result empty. NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS keeps node-addon-api from taking that for fatal.

#include <napi.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "doorbell.h"
#include "lease.h"
#include "memory_barrier.h"
#include "shared_memory.h"

namespace {

using memlane::Access;
using memlane::Doorbell;
using memlane::Failure;
using memlane::Lease;
using memlane::Segment;
using memlane::View;

// The classes of one environment. V8 calls their methods for their own instances alone.
struct Classes {
  Napi::FunctionReference segment;
  Napi::FunctionReference doorbell;
};

void Throw(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, std::string(failure.syscall) + ": " + failure.os_message);
  error.Set("code", failure.code);
  error.Set("syscall", failure.syscall);
  error.Set("osCode", static_cast<double>(failure.os_code));
  error.Set("requested", static_cast<double>(failure.requested));
  error.Set("available", static_cast<double>(failure.available));
  error.Set("owner", failure.owner);
  error.Set("limit", failure.limit);
  error.ThrowAsJavaScriptException();
}

// Owns a doorbell, and its place in the event loop. The loop has the doorbell's memory from the first Listen() on, so
// that it is given back only when the loop says so: after close(), garbage collection, or at the end of the
// environment.
class DoorbellHandle : public Napi::ObjectWrap<DoorbellHandle> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Doorbell",
        {InstanceMethod<&DoorbellHandle::Ring>("ring"), InstanceMethod<&DoorbellHandle::Wait>("wait"),
         InstanceMethod<&DoorbellHandle::Watch>("watch"), InstanceMethod<&DoorbellHandle::RingAfter>("ringAfter"),
         InstanceMethod<&DoorbellHandle::Listen>("listen"), InstanceMethod<&DoorbellHandle::Unlisten>("unlisten"),
         InstanceMethod<&DoorbellHandle::Close>("close")});
  }

  explicit DoorbellHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DoorbellHandle>(info) {}
  ~DoorbellHandle() override { GiveBack(); }

  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Doorbell> doorbell) {
    Napi::Object object = env.GetInstanceData<Classes>()->doorbell.New({});
    DoorbellHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
    if (handle == nullptr) return env.Undefined();  // the environment is being terminated
    handle->bell_ = new Bell;
    handle->bell_->doorbell = std::move(doorbell);
    handle->bell_->owner = handle;
    return object;
  }

 private:
  // What outlives the JavaScript object until the loop has let go of it.
  struct Bell {
    std::unique_ptr<Doorbell> doorbell;
    DoorbellHandle* owner = nullptr;  // while it lives
    bool attached = false;            // to the loop
    bool listening = false;           // the owner, for the next ring
    bool rung = false;                // while the owner did not listen
    napi_async_cleanup_hook_handle cleanup = nullptr;
  };

  static void LetGo(Bell* bell) {
    bell->owner = nullptr;
    bell->listening = false;
    bell->doorbell->Close([bell] {
      if (bell->cleanup != nullptr) napi_remove_async_cleanup_hook(bell->cleanup);
      delete bell;
    });
  }

  void GiveBack() {
    if (bell_ != nullptr) LetGo(std::exchange(bell_, nullptr));
  }

  void Ring(const Napi::CallbackInfo& info) {
    if (bell_ == nullptr) return;
    if (auto failure = bell_->doorbell->Ring()) Throw(info.Env(), *failure);
  }

  Napi::Value Wait(const Napi::CallbackInfo& info) {
    if (bell_ == nullptr) return Napi::Boolean::New(info.Env(), false);
    if (std::exchange(bell_->rung, false)) return Napi::Boolean::New(info.Env(), true);
    auto rung = bell_->doorbell->Wait(info[0].As<Napi::Number>().Int64Value());
    if (rung.ok()) return Napi::Boolean::New(info.Env(), rung.value());
    Throw(info.Env(), rung.failure());
    return info.Env().Undefined();
  }

  Napi::Value Watch(const Napi::CallbackInfo& info) {
    if (bell_ == nullptr) return Napi::Boolean::New(info.Env(), false);
    auto watched = bell_->doorbell->Watch(info[0].As<Napi::Number>().Uint32Value());
    if (watched.ok()) return Napi::Boolean::New(info.Env(), watched.value());
    Throw(info.Env(), watched.failure());
    return info.Env().Undefined();
  }

  void RingAfter(const Napi::CallbackInfo& info) {
    if (bell_ == nullptr) return;
    if (auto failure = bell_->doorbell->RingAfter(info[0].As<Napi::Number>().Int64Value())) Throw(info.Env(), *failure);
  }

  // Calls the function, which is the same each time, once it rings; true instead when it has rung already. Whether that
  // keeps the loop alive is the second argument. Neither object nor function is collected meanwhile.
  Napi::Value Listen(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (bell_ == nullptr || bell_->listening) return Napi::Boolean::New(env, false);
    if (!bell_->attached) {
      uv_loop_t* loop;
      napi_get_uv_event_loop(env, &loop);
      Bell* bell = bell_;
      if (bell->cleanup == nullptr) napi_add_async_cleanup_hook(env, EndOfEnvironment, bell, &bell->cleanup);
      if (auto failure = bell->doorbell->Attach(loop, [bell] { Rung(bell); })) {
        Throw(env, *failure);
        return env.Undefined();
      }
      bell->attached = true;
    }
    if (std::exchange(bell_->rung, false)) return Napi::Boolean::New(env, true);
    if (callback_.IsEmpty()) callback_ = Napi::Weak(info[0].As<Napi::Function>());
    callback_.Ref();
    bell_->listening = true;
    bell_->doorbell->SetReferenced(info[1].As<Napi::Boolean>().Value());
    Ref();
    return Napi::Boolean::New(env, false);
  }

  void Unlisten(const Napi::CallbackInfo&) { StopListening(); }

  Napi::Function StopListening() {
    if (bell_ == nullptr || !bell_->listening) return Napi::Function();
    bell_->listening = false;
    bell_->doorbell->SetReferenced(false);
    Napi::Function callback = callback_.Value();
    callback_.Unref();
    Unref();
    return callback;
  }

  static void Rung(Bell* bell) {
    if (!bell->listening) {
      bell->rung = true;
      return;
    }
    DoorbellHandle* handle = bell->owner;
    Napi::Env env = handle->Env();
    Napi::HandleScope scope(env);
    Napi::Object object = handle->Value();
    Napi::Function callback = handle->StopListening();
    callback.MakeCallback(object, {});
    // As what any callback of the event loop throws. Left pending, it would keep all others from being called.
    if (!env.IsExceptionPending()) return;
    const Napi::Error error = env.GetAndClearPendingException();
    if (!error.IsEmpty()) napi_fatal_exception(env, error.Value());
  }

  void Close(const Napi::CallbackInfo&) {
    StopListening();
    GiveBack();
  }

  static void EndOfEnvironment(napi_async_cleanup_hook_handle, void* data) {
    Bell* bell = static_cast<Bell*>(data);
    if (bell->owner != nullptr) bell->owner->bell_ = nullptr;
    LetGo(bell);
  }

  Bell* bell_ = nullptr;
  Napi::FunctionReference callback_;
};

// Keeps the Segment alive for the ArrayBuffer. Runs when the buffer is collected, detached, or its environment ends.
void ReleaseSegment(napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Segment>*>(hint); }

class SegmentHandle : public Napi::ObjectWrap<SegmentHandle> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Segment",
        {InstanceMethod<&SegmentHandle::Publish>("publish"), InstanceMethod<&SegmentHandle::ClaimLease>("claimLease"),
         InstanceMethod<&SegmentHandle::ReleaseLease>("releaseLease"),
         InstanceMethod<&SegmentHandle::IsLeased>("isLeased"),
         InstanceMethod<&SegmentHandle::LeaseHolder>("leaseHolder"),
         InstanceMethod<&SegmentHandle::OpenDoorbell>("openDoorbell"), InstanceMethod<&SegmentHandle::Close>("close")});
  }

  explicit SegmentHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SegmentHandle>(info) {}

  // Throws, and lets the segment go, when the view cannot become an ArrayBuffer.
  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Segment> opened, double max_length) {
    std::shared_ptr<Segment> segment(std::move(opened));
    if (static_cast<double>(segment->view_length()) > max_length) {
      Throw(env, {"TOO_LONG", "napi_create_external_arraybuffer", 0, "too long", segment->view_length(),
                  static_cast<uint64_t>(max_length)});
      return env.Undefined();
    }
    auto* hint = new std::shared_ptr<Segment>(segment);
    napi_value buffer;
    napi_status status =
        napi_create_external_arraybuffer(env, segment->data(), segment->view_length(), ReleaseSegment, hint, &buffer);
    if (status != napi_ok) {
      delete hint;
      bool refused = status == napi_no_external_buffers_allowed;
      if (env.IsExceptionPending()) env.GetAndClearPendingException();
      Throw(env, {refused ? "NOT_SUPPORTED" : "SYSTEM", "napi_create_external_arraybuffer", status,
                  refused ? "this runtime admits no ArrayBuffer over foreign memory" : "no ArrayBuffer could be made"});
      return env.Undefined();
    }
    Napi::Object object = env.GetInstanceData<Classes>()->segment.New({});
    SegmentHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
    if (handle == nullptr) return env.Undefined();  // the environment is being terminated
    object.Set("buffer", buffer);
    object.Set("objectLength", static_cast<double>(segment->object_length()));
    handle->buffer_ = Napi::Weak(Napi::ArrayBuffer(env, buffer));
    handle->segment_ = std::move(segment);
    return object;
  }

 private:
  void Publish(const Napi::CallbackInfo& info) {
    if (!segment_) return;
    if (auto failure = segment_->Publish()) Throw(info.Env(), *failure);
  }

  void Close(const Napi::CallbackInfo&) {
    if (!segment_) return;
    leases_.clear();
    Napi::ArrayBuffer buffer = buffer_.Value();
    if (!buffer.IsEmpty() && !buffer.IsDetached()) {
      buffer.Detach();
      segment_->Close();
    }
    // A buffer that somebody else detached may live on elsewhere (ArrayBuffer.prototype.transfer): then the mapping
    // goes with that, by ReleaseSegment.
    segment_.reset();
  }

  // False when somebody has the slot, this handle included.
  Napi::Value ClaimLease(const Napi::CallbackInfo& info) {
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

  void ReleaseLease(const Napi::CallbackInfo& info) { leases_.erase(info[0].As<Napi::Number>().Uint32Value()); }

  Napi::Value IsLeased(const Napi::CallbackInfo& info) {
    const uint32_t slot = info[0].As<Napi::Number>().Uint32Value();
    if (!segment_) return Napi::Boolean::New(info.Env(), false);
    auto leased = memlane::IsLeased(*segment_, slot);
    if (leased.ok()) return Napi::Boolean::New(info.Env(), leased.value());
    Throw(info.Env(), leased.failure());
    return info.Env().Undefined();
  }

  Napi::Value LeaseHolder(const Napi::CallbackInfo& info) {
    if (!segment_) return info.Env().Undefined();
    const auto pid = memlane::LeaseHolder(*segment_, info[0].As<Napi::Number>().Uint32Value());
    return pid ? Napi::Number::New(info.Env(), *pid) : info.Env().Undefined();
  }

  Napi::Value OpenDoorbell(const Napi::CallbackInfo& info) {
    if (!segment_) return info.Env().Undefined();
    auto doorbell = memlane::OpenDoorbell(*segment_, info[0].As<Napi::Number>().Uint32Value());
    if (doorbell.ok()) return DoorbellHandle::Wrap(info.Env(), std::move(doorbell.value()));
    Throw(info.Env(), doorbell.failure());
    return info.Env().Undefined();
  }

  std::shared_ptr<Segment> segment_;
  std::map<uint32_t, std::unique_ptr<Lease>> leases_;  // of segment_: declared after it, ended before it
  Napi::Reference<Napi::ArrayBuffer> buffer_;
};

// What is missing, because the environment is being terminated, reads as nothing.
std::string GetString(const Napi::Object& options, const char* key) {
  const Napi::Value value = options.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}
double GetNumber(const Napi::Value& value) { return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0; }
uint64_t GetLength(const Napi::Value& value) { return static_cast<uint64_t>(GetNumber(value)); }
bool GetFlag(const Napi::Value& value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

View GetView(const Napi::Object& options) {
  View view;
  const std::string access = GetString(options, "access");
  view.access = access == "read" ? Access::kRead : access == "copy" ? Access::kCopy : Access::kReadWrite;
  view.offset = GetLength(options.Get("offset"));
  Napi::Value length = options.Get("length");
  if (length.IsNumber()) view.length = GetLength(length);
  return view;
}

template <typename Value, typename Convert>
Napi::Value Answer(Napi::Env env, memlane::Result<Value> result, Convert convert) {
  if (result.ok()) return convert(std::move(result.value()));
  Throw(env, result.failure());
  return env.Undefined();
}

Napi::Value AnswerHandle(Napi::Env env, memlane::Result<std::unique_ptr<Segment>> result, Napi::Object options) {
  double max_length = GetNumber(options.Get("maxLength"));
  return Answer(env, std::move(result), [env, max_length](std::unique_ptr<Segment> segment) {
    return SegmentHandle::Wrap(env, std::move(segment), max_length);
  });
}

Napi::Value Create(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object object = info[0].As<Napi::Object>();
  memlane::CreateOptions options;
  options.name = GetString(object, "name");
  options.length = GetLength(object.Get("objectLength"));
  options.persistent = GetFlag(object.Get("persistent"));
  options.mode = static_cast<uint32_t>(GetNumber(object.Get("mode")));
  options.security_descriptor = GetString(object, "securityDescriptor");
  return AnswerHandle(env, memlane::CreateSegment(options, GetView(object)), object);
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object object = info[0].As<Napi::Object>();
  memlane::OpenOptions options;
  options.name = GetString(object, "name");
  Napi::Value trust = object.Get("trustOwner");
  options.trust_any_owner = GetFlag(trust);
  if (trust.IsArray()) {
    Napi::Array owners = trust.As<Napi::Array>();
    for (uint32_t i = 0; i < owners.Length(); i++) {
      const Napi::Value owner = owners.Get(i);
      if (owner.IsNumber()) options.trusted_owners.push_back(static_cast<uint32_t>(GetNumber(owner)));
      if (owner.IsString()) options.trusted_sids.push_back(owner.As<Napi::String>().Utf8Value());
    }
  }
  return AnswerHandle(env, memlane::OpenSegment(options, GetView(object)), object);
}

Napi::Value Unlink(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return Answer(env, memlane::UnlinkSegment(info[0].As<Napi::String>().Utf8Value()),
                [env](bool removed) { return Napi::Boolean::New(env, removed); });
}

Napi::Value List(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return Answer(env, memlane::ListSegments(), [env](std::vector<memlane::SegmentInfo> segments) {
    Napi::Array list = Napi::Array::New(env, segments.size());
    for (uint32_t i = 0; i < segments.size(); i++) {
      const memlane::SegmentInfo& segment = segments[i];
      Napi::Object item = Napi::Object::New(env);
      item.Set("name", segment.name);
      if (segment.length) item.Set("length", static_cast<double>(*segment.length));
      if (!segment.owner.empty()) item.Set("owner", segment.owner);
      if (segment.mode) item.Set("mode", *segment.mode);
      if (segment.holders) item.Set("holders", *segment.holders);
      Napi::Array pids = Napi::Array::New(env, segment.pids.size());
      for (uint32_t j = 0; j < segment.pids.size(); j++) pids.Set(j, segment.pids[j]);
      item.Set("pids", pids);
      item.Set("counted", segment.counted);
      list.Set(i, item);
    }
    return list;
  });
}

Napi::Value RegisterForMemoryBarriers(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memlane::RegisterForMemoryBarriers());
}

Napi::Value GlobalMemoryBarrier(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memlane::GlobalMemoryBarrier());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(
      new Classes{Napi::Persistent(SegmentHandle::Define(env)), Napi::Persistent(DoorbellHandle::Define(env))});
  exports.Set("create", Napi::Function::New<Create>(env, "create"));
  exports.Set("open", Napi::Function::New<Open>(env, "open"));
  exports.Set("unlink", Napi::Function::New<Unlink>(env, "unlink"));
  exports.Set("list", Napi::Function::New<List>(env, "list"));
  exports.Set("registerForMemoryBarriers",
              Napi::Function::New<RegisterForMemoryBarriers>(env, "registerForMemoryBarriers"));
  exports.Set("globalMemoryBarrier", Napi::Function::New<GlobalMemoryBarrier>(env, "globalMemoryBarrier"));
  return exports;
}

}  // namespace

NODE_API_MODULE(memlane, Init)
