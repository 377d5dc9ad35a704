#include "uv_stub.h"

#include <poll.h>
#include <uv.h>

#include <algorithm>
#include <vector>

namespace {

struct Polled {
  uv_poll_t* poll;
  int fd;
  uv_poll_cb readable = nullptr;
  uv_close_cb closed = nullptr;
  bool referenced = true;
};

std::vector<Polled> polled;

Polled& Find(const void* handle) {
  return *std::find_if(polled.begin(), polled.end(), [=](const Polled& one) { return one.poll == handle; });
}

}  // namespace

int uv_poll_init(uv_loop_t*, uv_poll_t* handle, int fd) {
  polled.push_back({handle, fd});
  return 0;
}

int uv_poll_start(uv_poll_t* handle, int, uv_poll_cb callback) {
  Find(handle).readable = callback;
  return 0;
}

void uv_ref(uv_handle_t* handle) { Find(handle).referenced = true; }
void uv_unref(uv_handle_t* handle) { Find(handle).referenced = false; }
void uv_close(uv_handle_t* handle, uv_close_cb callback) { Find(handle).closed = callback; }

namespace memlane::test {

void TurnLoop() {
  const struct timespec at_once = {};
  for (const Polled& one : std::vector<Polled>(polled)) {
    struct pollfd ready = {one.fd, POLLIN, 0};
    // ppoll, because poll may be the call that the fault shim lets fail.
    if (one.closed == nullptr && ppoll(&ready, 1, &at_once, nullptr) == 1) one.readable(one.poll, 0, UV_READABLE);
  }
  const auto kept = std::partition(polled.begin(), polled.end(), [](const Polled& one) { return !one.closed; });
  const std::vector<Polled> closed(kept, polled.end());
  polled.erase(kept, polled.end());
  for (const Polled& one : closed) one.closed(reinterpret_cast<uv_handle_t*>(one.poll));
}

bool LoopIsAlive() {
  return std::any_of(polled.begin(), polled.end(), [](const Polled& one) { return one.referenced || one.closed; });
}

}  // namespace memlane::test
