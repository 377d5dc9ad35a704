#include "environment.h"

#include <string>
#include <utility>

namespace memlane {

void CloseHandles(void* classes) {
  auto handles = std::exchange(static_cast<Classes*>(classes)->handles, {});
  for (Handle* handle : handles) {
    handle->classes_ = nullptr;
    handle->CloseAtEnd();
  }
}

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

}  // namespace memlane
