// The Node-API side of core: converts arguments and results. src/binding.ts types the exports and is their only caller;
// it has checked the arguments. node_api/ has the classes.
//
// A worker can be terminated in the middle of any function here. From then on every call into the environment fails and
// leaves its result empty. NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS keeps node-addon-api from aborting the process then.

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "memory_barrier.h"
#include "monotonic_clock.h"
#include "node_api/doorbell_handle.h"
#include "node_api/environment.h"
#include "node_api/segment_handle.h"
#include "shared_memory.h"
#include "system.h"

namespace {

using memlane::Access;
using memlane::Classes;
using memlane::DoorbellHandle;
using memlane::Segment;
using memlane::SegmentHandle;
using memlane::Throw;
using memlane::View;

// Options that cannot be read, because the environment is being terminated, count as absent.
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
  const double max_length = GetNumber(options.Get("maxLength"));
  const bool external = GetFlag(options.Get("external"));
  return Answer(env, std::move(result), [env, max_length, external](std::unique_ptr<Segment> segment) {
    return SegmentHandle::Wrap(env, std::move(segment), max_length, external);
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

Napi::Value ObjectPath(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), memlane::ObjectPath(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value RegisterForMemoryBarriers(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memlane::RegisterForMemoryBarriers());
}

Napi::Value GlobalMemoryBarrier(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memlane::GlobalMemoryBarrier());
}

Napi::Value MonotonicMs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), memlane::MonotonicMs());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* classes =
      new Classes{Napi::Persistent(SegmentHandle::Define(env)), Napi::Persistent(DoorbellHandle::Define(env)), {}};
  env.SetInstanceData(classes);
  napi_add_env_cleanup_hook(env, memlane::CloseHandles, classes);
  exports.Set("create", Napi::Function::New<Create>(env, "create"));
  exports.Set("open", Napi::Function::New<Open>(env, "open"));
  exports.Set("unlink", Napi::Function::New<Unlink>(env, "unlink"));
  exports.Set("list", Napi::Function::New<List>(env, "list"));
  exports.Set("system", memlane::SystemName());
  exports.Set("objectPath", Napi::Function::New<ObjectPath>(env, "objectPath"));
  exports.Set("registerForMemoryBarriers",
              Napi::Function::New<RegisterForMemoryBarriers>(env, "registerForMemoryBarriers"));
  exports.Set("globalMemoryBarrier", Napi::Function::New<GlobalMemoryBarrier>(env, "globalMemoryBarrier"));
  exports.Set("monotonicMs", Napi::Function::New<MonotonicMs>(env, "monotonicMs"));
  return exports;
}

}  // namespace

NODE_API_MODULE(memlane, Init)
