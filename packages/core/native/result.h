// The result of every platform function: a value, or the call that failed and why.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace memlane {

// `code` is the stable code of SharedMemoryError (packages/core/src/errors.ts). `os_code` is errno on POSIX systems and
// GetLastError() on Windows, captured at once after `syscall`; 0 if no system call was involved.
struct Failure {
  const char* code;
  const char* syscall;
  long os_code;
  std::string os_message;  // the system's own words for os_code, UTF-8
  uint64_t requested = 0;  // NO_SPACE, TOO_SHORT: bytes asked for; TOO_LONG: bytes of the view
  uint64_t available = 0;  // NO_SPACE: bytes free; TOO_SHORT: bytes of the object; TOO_LONG: the most that is possible
  std::string owner = {};  // ACCESS_DENIED because of the owner: the object's owner
  // NO_SPACE: the limit that was reached, "cgroup" or "RLIMIT_FSIZE". Empty for the limit of /dev/shm or of the system.
  const char* limit = "";
};

template <typename Value>
class Result {
 public:
  Result(Value value) : state_(std::move(value)) {}
  Result(Failure failure) : state_(std::move(failure)) {}

  bool ok() const { return std::holds_alternative<Value>(state_); }
  Value& value() { return std::get<Value>(state_); }
  const Value& value() const { return std::get<Value>(state_); }
  const Failure& failure() const { return std::get<Failure>(state_); }

 private:
  std::variant<Value, Failure> state_;
};

}  // namespace memlane
