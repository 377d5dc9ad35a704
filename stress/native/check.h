// Tests in plain C++: any file has TEST("a sentence") { CHECK(…); }. check.cc runs them one after the other.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "result.h"

namespace memlane::test {

struct Register {
  Register(const char* name, void (*run)());
};

[[noreturn]] inline void Fail(const char* file, int line, const char* what) {
  fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
  abort();
}

// Ends the program if the result is a failure, and prints it.
inline void Must(const char* file, int line, const std::optional<Failure>& failure) {
  if (!failure) return;
  fprintf(stderr, "%s: %s: %s\n", failure->code, failure->syscall, failure->os_message.c_str());
  Fail(file, line, "it succeeds");
}

template <typename Value>
Value Must(const char* file, int line, Result<Value> result) {
  if (!result.ok()) Must(file, line, std::optional<Failure>(result.failure()));
  return std::move(result.value());
}

}  // namespace memlane::test

#define CHECK(condition) ((condition) ? void() : memlane::test::Fail(__FILE__, __LINE__, #condition))
#define MUST(call) memlane::test::Must(__FILE__, __LINE__, call)

#define TEST_AT_LINE(name, line)                                           \
  static void Test##line();                                                \
  static const memlane::test::Register registered##line(name, Test##line); \
  static void Test##line()
#define TEST_AT(name, line) TEST_AT_LINE(name, line)
#define TEST(name) TEST_AT(name, __LINE__)
