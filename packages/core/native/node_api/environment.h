// Shared by the classes of the addon: their constructors, and errors.
#pragma once

#include <napi.h>

#include <unordered_set>

#include "../result.h"

namespace memlane {

class Handle;

// The classes of one environment, and their instances. V8 calls their methods only for their own instances.
struct Classes {
  Napi::FunctionReference segment;
  Napi::FunctionReference doorbell;
  std::unordered_set<Handle*> handles;
};

// An instance, which closes itself when its environment ends. Node.js and Bun finalize all objects then, but Deno does
// not.
class Handle {
 public:
  virtual void CloseAtEnd() = 0;

 protected:
  ~Handle() {
    if (classes_ != nullptr) classes_->handles.erase(this);
  }
  void CloseWith(Classes* classes) {
    classes_ = classes;
    classes->handles.insert(this);
  }

 private:
  friend void CloseHandles(void* classes);
  Classes* classes_ = nullptr;  // null again when the environment has ended
};

// A clean-up hook of the environment.
void CloseHandles(void* classes);

// Throws the failure as an error. binding.ts and errors.ts know its properties.
void Throw(Napi::Env env, const Failure& failure);

}  // namespace memlane
