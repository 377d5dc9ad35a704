// The JavaScript object of a doorbell.
#pragma once

#include <napi.h>

#include <memory>

#include "../doorbell.h"
#include "environment.h"

namespace memlane {

// Owns a doorbell and its place in the event loop. From the first Listen() on, the loop uses the doorbell's memory: it
// is freed only when the loop has let go of it, after close(), garbage collection, or the end of the environment.
class DoorbellHandle : public Napi::ObjectWrap<DoorbellHandle>, private Handle {
 public:
  static Napi::Function Define(Napi::Env env);
  // `uv_poll`: see NodeEventLoop.
  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Doorbell> doorbell, bool uv_poll);

  explicit DoorbellHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DoorbellHandle>(info) {}
  ~DoorbellHandle() override { GiveBack(); }

 private:
  // Outlives the JavaScript object until the loop has let go of it.
  struct Bell {
    std::unique_ptr<Doorbell> doorbell;
    DoorbellHandle* owner = nullptr;  // null once it is gone
    bool uv_poll = true;
    bool attached = false;   // to the loop
    bool listening = false;  // the owner waits for the next ring
    bool rung = false;       // while the owner did not listen
    // One of these two, if the bell is attached and has a clean-up hook.
    napi_async_cleanup_hook_handle cleanup = nullptr;
    napi_env env = nullptr;
  };

  void CloseAtEnd() override { GiveBack(); }
  static void LetGo(Bell* bell);
  static void Rung(Bell* bell);
  static void EndOfEnvironment(napi_async_cleanup_hook_handle, void* data);
  static void EndAtOnce(void* data);
  void GiveBack();
  Napi::Function StopListening();

  void Ring(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value Watch(const Napi::CallbackInfo& info);
  void RingAfter(const Napi::CallbackInfo& info);
  // listen(rung, ref): calls `rung` at the next ring. The caller must pass the same function each time. If the bell has
  // rung already, returns true and does not call `rung`. `ref`: whether the wait keeps the loop alive. The object and
  // the function are not collected during the wait.
  Napi::Value Listen(const Napi::CallbackInfo& info);
  void Unlisten(const Napi::CallbackInfo&) { StopListening(); }
  void Close(const Napi::CallbackInfo&);

  Bell* bell_ = nullptr;
  Napi::FunctionReference callback_;
};

}  // namespace memlane
