// An epoll descriptor with a table of what it waits for. It differs from Darwin's kqueue in two ways. Linux reports no
// unlocking, so it takes the closing of a file that was open for writing as NOTE_FUNLOCK: the event comes a moment
// before the lock is gone, and also if the file was not locked. And it never waits: the addon uses poll for that.

#include <errno.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using Key = std::pair<uintptr_t, int16_t>;  // ident and filter

struct Note {
  uint16_t flags;
  void* udata;
  int timer = -1;  // EVFILT_TIMER: its timerfd
  int watch = -1;  // EVFILT_VNODE: the number of its inotify watch
};

struct Queue {
  std::map<Key, Note> notes;
  int inotify = -1;
};

// Tags in the epoll descriptor: the ident and, in the highest bits, the kind.
constexpr uint64_t kRead = 0, kTimer = 1ULL << 62, kInotify = 1ULL << 63;

std::mutex mutex;
// Never destroyed: descriptors are closed after the static destructors, too.
std::map<int, Queue>& queues = *new std::map<int, Queue>;

int ReallyClose(int fd) { return static_cast<int>(syscall(SYS_close, fd)); }

int Fail(int error) {
  errno = error;
  return -1;
}

// The idents of the addon's timers are slots, and numbers close to the largest one.
uint64_t TimerTag(uintptr_t ident) { return kTimer | (ident & ~(3ULL << 62)); }

int Add(int queue, int source, uint64_t tag) {
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(queue, EPOLL_CTL_ADD, source, &event);
}

int WatchFile(int fd, Queue& queue, Note& note, int epoll) {
  if (queue.inotify < 0) {
    queue.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (queue.inotify < 0 || Add(epoll, queue.inotify, kInotify) != 0) return -1;
  }
  note.watch = inotify_add_watch(queue.inotify, ("/proc/self/fd/" + std::to_string(fd)).c_str(), IN_CLOSE_WRITE);
  return note.watch < 0 ? -1 : 0;
}

int SetTimer(int epoll, uintptr_t ident, Note& note, intptr_t microseconds) {
  if (note.timer < 0) {
    note.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (note.timer < 0 || Add(epoll, note.timer, TimerTag(ident)) != 0) return -1;
  }
  struct itimerspec when = {};
  when.it_value.tv_sec = microseconds / 1'000'000;
  when.it_value.tv_nsec = microseconds % 1'000'000 * 1000;
  return timerfd_settime(note.timer, 0, &when, nullptr);
}

void Remove(int epoll, Queue& queue, std::map<Key, Note>::iterator note) {
  const auto [ident, filter] = note->first;
  if (filter == EVFILT_READ) epoll_ctl(epoll, EPOLL_CTL_DEL, static_cast<int>(ident), nullptr);
  if (note->second.timer >= 0) ReallyClose(note->second.timer);
  if (note->second.watch >= 0) inotify_rm_watch(queue.inotify, note->second.watch);
  queue.notes.erase(note);
}

int Change(int epoll, Queue& queue, const struct kevent& change) {
  const Key key = {change.ident, change.filter};
  const auto found = queue.notes.find(key);
  if ((change.flags & EV_DELETE) != 0) {
    if (found == queue.notes.end()) return Fail(ENOENT);
    Remove(epoll, queue, found);
    return 0;
  }
  const bool is_new = found == queue.notes.end();
  Note& note = queue.notes[key];
  note.flags = change.flags;
  note.udata = change.udata;
  int result = 0;
  if (change.filter == EVFILT_TIMER) {
    result = change.fflags == NOTE_USECONDS ? SetTimer(epoll, change.ident, note, change.data) : Fail(EINVAL);
  } else if (change.filter == EVFILT_VNODE) {
    const bool is_known = change.fflags == NOTE_FUNLOCK && (change.flags & EV_CLEAR) != 0;
    result = !is_known ? Fail(EINVAL) : is_new ? WatchFile(static_cast<int>(change.ident), queue, note, epoll) : 0;
  } else if (is_new) {
    result = Add(epoll, static_cast<int>(change.ident), kRead | change.ident);
  }
  if (result == 0) return 0;
  const int error = errno;
  Remove(epoll, queue, queue.notes.find(key));
  return Fail(error);
}

// The notes of the files that were closed.
std::vector<Key> TakeUnlocked(Queue& queue) {
  std::vector<Key> keys;
  alignas(struct inotify_event) char buffer[8 * sizeof(struct inotify_event)];  // events of files have no name
  const ssize_t length = read(queue.inotify, buffer, sizeof buffer);
  for (ssize_t at = 0; at < length;) {
    const auto* event = reinterpret_cast<const struct inotify_event*>(buffer + at);
    at += static_cast<ssize_t>(sizeof *event + event->len);
    if ((event->mask & IN_CLOSE_WRITE) == 0) continue;
    for (const auto& [key, note] : queue.notes) {
      if (note.watch == event->wd) keys.push_back(key);
    }
  }
  return keys;
}

}  // namespace

int kqueue() {
  const int epoll = epoll_create1(0);
  if (epoll < 0) return -1;
  std::lock_guard<std::mutex> guard(mutex);
  queues[epoll] = Queue();
  return epoll;
}

int kevent(int epoll, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const struct timespec*) {
  std::lock_guard<std::mutex> guard(mutex);
  const auto found = queues.find(epoll);
  if (found == queues.end()) return Fail(EBADF);
  Queue& queue = found->second;
  for (int i = 0; i < change_count; i++) {
    if (Change(epoll, queue, changes[i]) != 0) return -1;
  }
  if (event_count < 16) return event_count == 0 ? 0 : Fail(EINVAL);
  std::vector<Key> keys;
  struct epoll_event ready[4];  // the rest comes with the next call
  const int count = epoll_wait(epoll, ready, 4, 0);
  if (count < 0) return -1;
  for (int i = 0; i < count; i++) {
    const uint64_t tag = ready[i].data.u64;
    if (tag == kInotify) {
      for (const Key& key : TakeUnlocked(queue)) keys.push_back(key);
      continue;
    }
    for (const auto& [key, note] : queue.notes) {
      const bool is_timer = key.second == EVFILT_TIMER && tag == TimerTag(key.first);
      const bool is_readable = key.second == EVFILT_READ && tag == (kRead | key.first);
      uint64_t times;
      if (is_readable || (is_timer && read(note.timer, &times, sizeof times) == sizeof times)) keys.push_back(key);
    }
  }
  int taken = 0;
  for (const Key& key : keys) {
    const auto note = queue.notes.find(key);
    if (note == queue.notes.end()) continue;
    events[taken++] = {key.first, key.second, note->second.flags, 0, 0, note->second.udata};
    if ((note->second.flags & EV_ONESHOT) != 0) Remove(epoll, queue, note);
    if (taken == event_count) break;
  }
  return taken;
}

// All calls in the addon reach this function, because it is in the addon. Closing a queue removes its notes, and
// closing a source removes the notes about it.
extern "C" int close(int fd) {
  ForgetLock(fd);
  std::lock_guard<std::mutex> guard(mutex);
  const auto queue = queues.find(fd);
  if (queue != queues.end()) {
    while (!queue->second.notes.empty()) Remove(fd, queue->second, queue->second.notes.begin());
    if (queue->second.inotify >= 0) ReallyClose(queue->second.inotify);
    queues.erase(queue);
  }
  for (auto& [epoll, other] : queues) {
    for (const int16_t filter : {EVFILT_READ, EVFILT_VNODE}) {
      const auto note = other.notes.find({static_cast<uintptr_t>(fd), filter});
      if (note != other.notes.end()) Remove(epoll, other, note);
    }
  }
  return ReallyClose(fd);
}
