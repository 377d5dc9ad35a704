#include "doorbell_handle.h"

#include <utility>

#include "environment.h"
#include "node_event_loop.h"

namespace memlane {

Napi::Function DoorbellHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "Doorbell",
      {InstanceMethod<&DoorbellHandle::Ring>("ring"), InstanceMethod<&DoorbellHandle::Wait>("wait"),
       InstanceMethod<&DoorbellHandle::Watch>("watch"), InstanceMethod<&DoorbellHandle::RingAfter>("ringAfter"),
       InstanceMethod<&DoorbellHandle::Listen>("listen"), InstanceMethod<&DoorbellHandle::Unlisten>("unlisten"),
       InstanceMethod<&DoorbellHandle::Close>("close")});
}

Napi::Value DoorbellHandle::Wrap(Napi::Env env, std::unique_ptr<Doorbell> doorbell, bool uv_poll) {
  Napi::Object object = env.GetInstanceData<Classes>()->doorbell.New({});
  DoorbellHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return env.Undefined();  // the environment is being terminated
  handle->bell_ = new Bell;
  handle->bell_->doorbell = std::move(doorbell);
  handle->bell_->owner = handle;
  handle->bell_->uv_poll = uv_poll;
  handle->CloseWith(env.GetInstanceData<Classes>());
  return object;
}

void DoorbellHandle::LetGo(Bell* bell) {
  bell->owner = nullptr;
  bell->listening = false;
  bell->doorbell->Close([bell] {
    if (bell->cleanup != nullptr) napi_remove_async_cleanup_hook(bell->cleanup);
    if (bell->env != nullptr) napi_remove_env_cleanup_hook(bell->env, EndAtOnce, bell);
    delete bell;
  });
}

void DoorbellHandle::GiveBack() {
  if (bell_ != nullptr) LetGo(std::exchange(bell_, nullptr));
}

void DoorbellHandle::Ring(const Napi::CallbackInfo& info) {
  if (bell_ == nullptr) return;
  if (auto failure = bell_->doorbell->Ring()) Throw(info.Env(), *failure);
}

Napi::Value DoorbellHandle::Wait(const Napi::CallbackInfo& info) {
  if (bell_ == nullptr) return Napi::Boolean::New(info.Env(), false);
  if (std::exchange(bell_->rung, false)) return Napi::Boolean::New(info.Env(), true);
  auto rung = bell_->doorbell->Wait(info[0].As<Napi::Number>().Int64Value());
  if (rung.ok()) return Napi::Boolean::New(info.Env(), rung.value());
  Throw(info.Env(), rung.failure());
  return info.Env().Undefined();
}

Napi::Value DoorbellHandle::Watch(const Napi::CallbackInfo& info) {
  if (bell_ == nullptr) return Napi::Boolean::New(info.Env(), false);
  auto watched = bell_->doorbell->Watch(info[0].As<Napi::Number>().Uint32Value());
  if (watched.ok()) return Napi::Boolean::New(info.Env(), watched.value());
  Throw(info.Env(), watched.failure());
  return info.Env().Undefined();
}

void DoorbellHandle::RingAfter(const Napi::CallbackInfo& info) {
  if (bell_ == nullptr) return;
  if (auto failure = bell_->doorbell->RingAfter(info[0].As<Napi::Number>().Int64Value())) Throw(info.Env(), *failure);
}

Napi::Value DoorbellHandle::Listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (bell_ == nullptr || bell_->listening) return Napi::Boolean::New(env, false);
  if (!bell_->attached) {
    Bell* bell = bell_;
    NodeEventLoop loop(env, bell->uv_poll);
    if (auto failure = bell->doorbell->Attach(loop, [bell] { Rung(bell); })) {
      Throw(env, *failure);
      return env.Undefined();
    }
    bell->attached = true;
    // The hook that was added last runs first. So this one comes before the hook of Attach's thread-safe function,
    // which frees that function. Without libuv, the bell closes at once, and needs no asynchronous hook: Deno's fails.
    if (loop.has_uv_poll()) {
      napi_add_async_cleanup_hook(env, EndOfEnvironment, bell, &bell->cleanup);
    } else if (napi_add_env_cleanup_hook(env, EndAtOnce, bell) == napi_ok) {
      bell->env = env;
    }
  }
  if (std::exchange(bell_->rung, false)) return Napi::Boolean::New(env, true);
  if (callback_.IsEmpty()) callback_ = Napi::Weak(info[0].As<Napi::Function>());
  callback_.Ref();
  bell_->listening = true;
  bell_->doorbell->SetReferenced(info[1].As<Napi::Boolean>().Value());
  Ref();
  return Napi::Boolean::New(env, false);
}

Napi::Function DoorbellHandle::StopListening() {
  if (bell_ == nullptr || !bell_->listening) return Napi::Function();
  bell_->listening = false;
  bell_->doorbell->SetReferenced(false);
  Napi::Function callback = callback_.Value();
  callback_.Unref();
  Unref();
  return callback;
}

void DoorbellHandle::Rung(Bell* bell) {
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
  // Reports the exception as Node.js does for other callbacks. A pending exception would block all other callbacks.
  if (!env.IsExceptionPending()) return;
  const Napi::Error error = env.GetAndClearPendingException();
  if (!error.IsEmpty()) napi_fatal_exception(env, error.Value());
}

void DoorbellHandle::Close(const Napi::CallbackInfo&) {
  StopListening();
  GiveBack();
}

void DoorbellHandle::EndOfEnvironment(napi_async_cleanup_hook_handle, void* data) {
  Bell* bell = static_cast<Bell*>(data);
  if (bell->owner != nullptr) bell->owner->bell_ = nullptr;
  LetGo(bell);
}

void DoorbellHandle::EndAtOnce(void* data) { EndOfEnvironment(nullptr, data); }

}  // namespace memlane
