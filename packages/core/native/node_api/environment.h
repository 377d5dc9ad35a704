// Shared by the classes of the addon: their constructors, and errors.
#pragma once

#include <napi.h>

#include "../result.h"

namespace memlane {

// The classes of one environment. V8 calls their methods only for their own instances.
struct Classes {
  Napi::FunctionReference segment;
  Napi::FunctionReference doorbell;
};

// Throws the failure as an error. binding.ts and errors.ts know its properties.
void Throw(Napi::Env env, const Failure& failure);

}  // namespace memlane
