// The event loop of a Node-API environment.
#pragma once

#include <napi.h>

#include "../event_loop.h"

namespace memlane {

class NodeEventLoop final : public EventLoop {
 public:
  // `uv_poll`: whether this runtime's libuv can watch descriptors. Node-API cannot tell: see src/capabilities.ts.
  NodeEventLoop(napi_env env, bool uv_poll);

  uv_loop_t* uv() const override { return uv_; }
  bool has_uv_poll() const override { return uv_ != nullptr && uv_poll_; }
  Result<std::unique_ptr<LoopCall>> MakeCall(std::function<void()> called) override;

 private:
  const napi_env env_;
  const bool uv_poll_;
  uv_loop_t* uv_ = nullptr;
};

}  // namespace memlane
