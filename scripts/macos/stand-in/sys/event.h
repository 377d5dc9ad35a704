// A kqueue for Linux: as much of Darwin's interface as the addon uses, with Darwin's numbers.
#pragma once

#include <stdint.h>
#include <time.h>

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

#define EV_SET(event, ident, filter, flags, fflags, data, udata) \
  (*(event) = {(ident), (filter), static_cast<uint16_t>(flags), static_cast<uint32_t>(fflags), (data), (udata)})

constexpr int16_t EVFILT_READ = -1;
constexpr int16_t EVFILT_VNODE = -4;
constexpr int16_t EVFILT_TIMER = -7;

constexpr uint16_t EV_ADD = 0x1;
constexpr uint16_t EV_DELETE = 0x2;
constexpr uint16_t EV_ONESHOT = 0x10;
constexpr uint16_t EV_CLEAR = 0x20;

constexpr uint32_t NOTE_USECONDS = 0x2;
constexpr uint32_t NOTE_FUNLOCK = 0x100;

int kqueue();
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const struct timespec* timeout);
