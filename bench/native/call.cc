// The yardstick for calls of memlane: a client and a server in C++ that access memory as docs/wire-format-call.md says,
// in the same order, while both spin. The hub is the client: it writes a request in place, and checks the answer. The
// server checks the request where it lies, and writes the answer. Nothing sleeps, dies or gives up a call here, so
// their clean-up is left out. What it costs a call is not: a server looks at the count of returned calls before each
// take, and both look at the masks of sleepers. Arguments: warmUpSeconds=S seconds=S.

#include <cstddef>

#include "arguments.h"
#include "processes.h"
#include "round_trips.h"

namespace {

constexpr uint32_t kPayload = sizeof(Fields);
constexpr uint32_t kCapacity = 64;
constexpr uint32_t kMaxAnswerLength = 224;
constexpr double kOneSlot = 0x1000000;

enum Kind : uint32_t { kReady = 1, kTaken = 2, kAnswered = 3 };
constexpr uint32_t kDone = 0;
constexpr uint32_t kServer = 0;

constexpr uint32_t word_of(Kind kind, uint32_t server, uint32_t generation) {
  return kind | server << 3 | generation << 8;
}
constexpr uint32_t generation_of(uint32_t word) { return word >> 8; }
constexpr Kind kind_of(uint32_t word) { return static_cast<Kind>(word & 7); }
double entry_of(uint32_t slot, uint32_t generation) { return (slot + 1) * kOneSlot + generation; }

struct alignas(64) Slot {
  std::atomic<uint32_t> word;
  uint32_t procedure;
  uint32_t request_length;
  uint32_t pid;
  double deadline;
  uint32_t answer_length;
  uint32_t status;
  alignas(8) uint8_t answer[kMaxAnswerLength];
  alignas(64) uint8_t request[kPayload];
};
static_assert(offsetof(Slot, answer) == 32 && offsetof(Slot, request) == 256 && sizeof(Slot) == 320);

// The words of one client and of what all share, as far apart as in the wire format.
struct Channel {
  alignas(128) std::atomic<uint32_t> used;
  alignas(128) std::atomic<uint32_t> sleeping_servers;
  alignas(128) std::atomic<uint32_t> sleeping_clients;
  alignas(128) std::atomic<uint32_t> returns;
  alignas(128) std::atomic<uint32_t> tail;
  alignas(128) std::atomic<uint32_t> hint;
  alignas(128) std::atomic<double> ring[2 * kCapacity];
  alignas(128) Slot slots[kCapacity];
  alignas(128) std::atomic<uint32_t> done[kCapacity / 32];
};

class Client {
 public:
  explicit Client(Channel* channel) : channel_(channel), content_(kPayload) {
    for (uint32_t slot = kCapacity; slot-- > 0;) vacant_[vacant_count_++] = slot;
  }

  // Makes a call, and returns the number of its answer.
  uint32_t call(uint32_t sequence) {
    const uint32_t number = vacant_[--vacant_count_];
    Slot& slot = channel_->slots[number];
    content_.write(slot.request, sequence);
    publish(slot, number);
    // SYNC: pairs with the CAS in Server::answer; prevents the answer from being read before it is whole.
    while (kind_of(slot.word.load(std::memory_order_seq_cst)) != kAnswered) {
    }
    if (slot.status != kDone || slot.answer_length != kPayload) fail("the call has failed");
    const uint32_t answered = content_.check(slot.answer);
    vacant_[vacant_count_++] = number;  // the word stays until the next request
    return answered;
  }

 private:
  void publish(Slot& slot, uint32_t number) {
    // SYNC: as in `call`; the slot is this client's.
    const uint32_t generation = generation_of(slot.word.load(std::memory_order_seq_cst));
    slot.procedure = 0;
    slot.request_length = kPayload;
    slot.deadline = 0;
    slot.word.store(word_of(kReady, 0, generation), std::memory_order_relaxed);
    repeat_old_entries(number);
    append(entry_of(number, generation));
    // SYNC: pairs with the loads of `tail` in Server::take; prevents an entry from being read before it, the word and
    // the request are whole.
    channel_->tail.store(end_, std::memory_order_seq_cst);
    // SYNC: comes after the tail in the single order of all; prevents a sleeper from being overlooked.
    if (channel_->sleeping_servers.load(std::memory_order_seq_cst) != 0) fail("nobody sleeps here");
  }

  void append(double entry) {
    channel_->ring[end_ % (2 * kCapacity)].store(entry, std::memory_order_relaxed);
    end_++;
  }

  // A request that waits for longer than `capacity` others keeps its place.
  void repeat_old_entries(uint32_t number) {
    for (uint32_t repeated = 0; repeated < kCapacity; repeated++) {
      const double entry = channel_->ring[(end_ - kCapacity) % (2 * kCapacity)].load(std::memory_order_relaxed);
      const uint32_t old = static_cast<uint32_t>(entry / kOneSlot) - 1;
      if (old >= kCapacity || old == number) return;
      const uint32_t generation = static_cast<uint32_t>(entry - (old + 1) * kOneSlot);
      // SYNC: as in `call`.
      const uint32_t word = channel_->slots[old].word.load(std::memory_order_seq_cst);
      if (word != word_of(kReady, 0, generation)) return;
      append(entry);
    }
  }

  Channel* channel_;
  Content content_;
  uint32_t vacant_[kCapacity];
  uint32_t vacant_count_ = 0;
  uint32_t end_ = 0;
};

class Server {
 public:
  explicit Server(Channel* channel) : channel_(channel), content_(kPayload), pid_(getpid()) {}

  // Waits for a call, answers it, and returns its number.
  uint32_t serve() {
    Slot* slot;
    while ((slot = take()) == nullptr) {
      // A client may have come.
      if (channel_->used.load(std::memory_order_seq_cst) != 1) fail("there is one client");
    }
    if (slot->procedure != 0 || slot->deadline > 0 || slot->request_length != kPayload) fail("not such a call");
    const uint32_t sequence = content_.check(slot->request);
    content_.write(slot->answer, sequence);
    answer(slot);
    return sequence;
  }

 private:
  Slot* take() {
    // A call may have been given back.
    if (channel_->returns.load(std::memory_order_seq_cst) != 0) fail("nothing is given back here");
    const uint32_t hint = channel_->hint.load(std::memory_order_relaxed);
    if (static_cast<int32_t>(hint - position_) > 0) position_ = static_cast<int32_t>(tail_ - hint) >= 0 ? hint : tail_;
    for (;;) {
      if (position_ == tail_) {
        // SYNC: pairs with Client::publish; prevents an older entry from being read.
        tail_ = channel_->tail.load(std::memory_order_seq_cst);
        if (position_ == tail_) return nullptr;
      }
      const double entry = channel_->ring[position_ % (2 * kCapacity)].load(std::memory_order_relaxed);
      const uint32_t number = static_cast<uint32_t>(entry / kOneSlot) - 1;
      if (number >= kCapacity) fail("not an entry");
      const uint32_t generation = static_cast<uint32_t>(entry - (number + 1) * kOneSlot);
      Slot& slot = channel_->slots[number];
      // The request is fetched together with the word.
      asm volatile("" ::"r"(*reinterpret_cast<volatile uint32_t*>(slot.request)));
      // SYNC: pairs with the CAS below, of other servers.
      uint32_t word = slot.word.load(std::memory_order_seq_cst);
      if (word != word_of(kReady, 0, generation)) {
        position_++;
        continue;
      }
      // SYNC: as above; prevents an entry that was overwritten meanwhile from being taken for an older one.
      tail_ = channel_->tail.load(std::memory_order_seq_cst);
      if (tail_ - position_ - 1 >= kCapacity) fail("this server was stopped for long");
      position_++;
      taken_ = word_of(kTaken, kServer, generation + 1);
      // SYNC: of all servers that want the call, one gets it.
      if (!slot.word.compare_exchange_strong(word, taken_, std::memory_order_seq_cst)) continue;
      channel_->hint.store(position_, std::memory_order_relaxed);
      slot.pid = pid_;
      return &slot;
    }
  }

  void answer(Slot* slot) {
    slot->status = kDone;
    slot->answer_length = kPayload;
    const uint32_t answered = word_of(kAnswered, kServer, generation_of(taken_));
    // SYNC: pairs with the load in Client::call.
    if (!slot->word.compare_exchange_strong(taken_, answered, std::memory_order_seq_cst)) fail("given up");
    const uint32_t number = slot - channel_->slots;
    // SYNC: the bit is there before the masks of sleepers are looked at.
    channel_->done[number / 32].fetch_or(1u << number % 32, std::memory_order_seq_cst);
    if (channel_->sleeping_clients.load(std::memory_order_seq_cst) != 0) fail("nobody sleeps here");
  }

  Channel* channel_;
  Content content_;
  uint32_t pid_;
  uint32_t position_ = 0;
  uint32_t tail_ = 0;
  uint32_t taken_ = 0;
};

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(count, values);
  const RoundTripTimes times{arguments.number("warmUpSeconds"), arguments.number("seconds"), 0};
  run_processes(
      sizeof(Channel), 1,
      [&](uint8_t* memory) {
        auto* channel = reinterpret_cast<Channel*>(memory);
        channel->used.store(1, std::memory_order_seq_cst);
        Client client(channel);
        return measure_round_trips(times, [&](uint32_t sequence) {
          if (client.call(sequence) != sequence) fail("the answer is wrong");
        });
      },
      [](uint8_t* memory, uint32_t) {
        auto* channel = reinterpret_cast<Channel*>(memory);
        while (channel->used.load(std::memory_order_seq_cst) == 0) sched_yield();
        Server server(channel);
        const Stopwatch stopwatch;
        for (uint32_t next = 0;; next++) {
          const uint32_t sequence = server.serve();
          if (sequence == kEnd) return stopwatch.stop(next);
          if (sequence != next) fail("the order is wrong");
        }
      });
  return 0;
}
