#include "node_event_loop.h"

#include <optional>
#include <utility>

namespace memlane {
namespace {

// A thread-safe function of Node-API. The runtime may still have a request, or call the finalizer, after the call is
// destroyed. So both share the target.
class ThreadSafeCall final : public LoopCall {
 public:
  ~ThreadSafeCall() override {
    target_->ended = true;
    if (function_ != nullptr) napi_release_threadsafe_function(function_, napi_tsfn_abort);
  }

  std::optional<Failure> Start(napi_env env, std::function<void()> called) {
    target_->called = std::move(called);
    napi_value name;
    napi_status status = napi_create_string_utf8(env, "memlane", NAPI_AUTO_LENGTH, &name);
    if (status == napi_ok) {
      auto* shared = new std::shared_ptr<Target>(target_);
      status =
          napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, shared, Release, shared, Call, &function_);
      if (status != napi_ok) delete shared;
    }
    if (status != napi_ok) {
      return Failure{"SYSTEM", "napi_create_threadsafe_function", static_cast<long>(status), "refused"};
    }
    napi_unref_threadsafe_function(env, function_);
    env_ = env;
    return std::nullopt;
  }

  void Request() override { napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking); }

  void SetReferenced(bool referenced) override {
    if (std::exchange(referenced_, referenced) == referenced) return;
    if (referenced) {
      napi_ref_threadsafe_function(env_, function_);
    } else {
      napi_unref_threadsafe_function(env_, function_);
    }
  }

 private:
  struct Target {
    std::function<void()> called;
    bool ended = false;
  };

  // Without an environment, the runtime only empties its queue. Node.js has called Release() before that.
  static void Call(napi_env env, napi_value, void* context, void*) {
    if (env == nullptr) return;
    const std::shared_ptr<Target> target = *static_cast<std::shared_ptr<Target>*>(context);
    if (!target->ended) target->called();
  }

  static void Release(napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Target>*>(data); }

  const std::shared_ptr<Target> target_ = std::make_shared<Target>();
  napi_env env_ = nullptr;
  napi_threadsafe_function function_ = nullptr;
  bool referenced_ = false;
};

}  // namespace

NodeEventLoop::NodeEventLoop(napi_env env, bool uv_poll) : env_(env), uv_poll_(uv_poll) {
  if (napi_get_uv_event_loop(env, &uv_) != napi_ok) uv_ = nullptr;
}

Result<std::unique_ptr<LoopCall>> NodeEventLoop::MakeCall(std::function<void()> called) {
  auto call = std::make_unique<ThreadSafeCall>();
  if (auto failure = call->Start(env_, std::move(called))) return *failure;
  return std::unique_ptr<LoopCall>(std::move(call));
}

}  // namespace memlane
