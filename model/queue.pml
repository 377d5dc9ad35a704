/*
 * Queue: P producers with N slots each, C consumer places, M messages per producer. Producers and consumers may die before any access
 * (D deaths in all), and successors take their places (L producers, J consumers in turn). X of them stop there instead, and keep
 * their leases. Messages are sent one by one, or in batches of up to BATCH with one store of the tail. Consumers take in the order
 * of the ring, acknowledge, return (RETRIES), hang until another consumer takes the message away (AWAY), recover what dead consumers held,
 * sleep and watch. With JOIN, no consumer has joined at the beginning. With POLL, nobody sleeps: a participant that finds nothing
 * waits until something is there.
 *
 *   SlotWriter.claimFast        findFree: own words become free, and nobody else fills them
 *   SlotWriter.append           stores payload, word and entry; publishTail stores the tail and loads the mask of sleepers
 *   SlotWriter.freeUnpublished  of a successor, after it has rung the consumers
 *   MessageRecall.takeBack      takeBack, of the oldest new message or of a returned one
 *   RingCursor.take, find       takeNew: each consumer has its own position (at) and the tail that it has loaded last (end)
 *   QueueTaker.takeReturned     takeReturned
 *   QueueControl.acknowledge, giveBack, giveUp; TakenMessages.isTaken    in the consumer's loop
 *   QueuePeers.join, #recover, watch; giveBackOf, announceReturn         under the same names
 *   OverdueMessages             takeAway
 *   Waiter                      sets the mark, looks, watches, looks again, sleeps
 *
 * One atomic block is one access to shared memory with what follows from it locally. All processes see stores in order (slot.pml has
 * weak memory). A claim or an end of a lease is one step of the kernel. Checks of many words before a sleep are one step: a later
 * check only finds more. An entry of a ring and a state word hold a generation, which wraps at G.
 *
 * With LEAVE, a consumer that has returned a message may leave. PROGRESS adds a formula for a search for liveness. The other macros
 * are mutations.
 */
#ifndef P
#define P 1
#endif
#ifndef N
#define N 1
#endif
#ifndef C
#define C 2
#endif
#ifndef M
#define M 2
#endif
#ifndef J
#define J 1
#endif
#ifndef L
#define L 1
#endif
#ifndef G
#define G 8
#endif
#ifndef D
#define D 1
#endif
#ifndef X
#define X 0
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef RETRIES
#define RETRIES 0
#endif
#ifndef AWAY
#define AWAY 0
#endif
#ifndef BACKS
#define BACKS 0
#endif
#ifdef SHORT_RING
#define RING N
#else
#define RING (2 * N)
#endif
#define S (P * N)       /* slots */
#define FREE 0          /* kinds of a state word; FREE is also a lease that nobody holds */
#define READY 1
#define TAKEN 2
#define RETURNING 3
#define RETURNED 4
#define WORD(kind, owner, generation) ((kind) + 8 * (owner) + 32 * (generation))
#define KIND(w) ((w) & 7)
#define OWNER(w) (((w) >> 3) & 3)
#define GENERATION(w) ((w) >> 5)
#ifdef NO_GENERATION_IN_ENTRY
#define ENTRY(slot, generation) (slot)
#define MATCHES(s, e) ((e) != NO_ENTRY && KIND(word[s]) == READY)
#else
#define ENTRY(slot, generation) ((slot) + 8 * (generation))
#define MATCHES(s, e) (word[s] == WORD(READY, 0, (e) / 8))
#endif
#define SLOT(e) ((e) & 7)
#define BIT(i) (1 << (i))
#define NONE 255
#define NO_ENTRY 248    /* names slot 0 in a generation that no slot has */
#define OWNED 1
#define EVICTOR 2       /* held by a consumer that recovers the place */

/* shared memory */
byte word[S];
byte low[S], high[S];               /* the payload */
byte entry[P * RING] = NO_ENTRY;
byte tail[P], hint[P];
byte returns;                       /* counts returned messages */
#ifdef JOIN
byte live;                          /* consumers */
#else
byte live = (1 << C) - 1;
#endif
byte asleepC, asleepP;              /* masks of sleepers */
#if RETRIES > 0
bit undue[S];                       /* its time has not come */
bit timer[C], fired[C];             /* a consumer's own: when to scan delayed messages again */
#endif

/* kernel */
#ifdef JOIN
byte leaseC[C];
bit leaseP[P];
#else
byte leaseC[C] = OWNED;
bit leaseP[P] = 1;
#endif
bit bellC[C], bellP[P];
byte watchC[C], watchP[C];          /* by consumer: the consumers and the producers that it watches */
byte watched[P];                    /* by producer: the consumers that it watches */

/* observers */
byte message[S];                    /* the message in a slot */
byte holder[P * M];
bit done[P * M];                    /* acknowledged or taken back */
byte firsts[P];                     /* first deliveries */
bit isStopped[C];
byte deaths, stops, retries, aways;
#if BACKS > 0
byte backs;
#endif
#if AWAY > 0
byte takes[S];                      /* of a slot */
#endif

/* The kernel ends a lease, and rings the participants that watch it. */
inline endConsumer(c) {
  leaseC[c] = FREE;
  if :: watchC[0] & BIT(c) -> bellC[0] = 1; watchC[0] = watchC[0] & ~BIT(c) :: else fi;
#if C > 1
  if :: watchC[1] & BIT(c) -> bellC[1] = 1; watchC[1] = watchC[1] & ~BIT(c) :: else fi;
#endif
#if C > 2
  if :: watchC[2] & BIT(c) -> bellC[2] = 1; watchC[2] = watchC[2] & ~BIT(c) :: else fi;
#endif
  if :: watched[0] & BIT(c) -> bellP[0] = 1; watched[0] = watched[0] & ~BIT(c) :: else fi;
#if P > 1
  if :: watched[1] & BIT(c) -> bellP[1] = 1; watched[1] = watched[1] & ~BIT(c) :: else fi;
#endif
}

inline endProducer(p) {
  leaseP[p] = 0;
  if :: watchP[0] & BIT(p) -> bellC[0] = 1; watchP[0] = watchP[0] & ~BIT(p) :: else fi;
#if C > 1
  if :: watchP[1] & BIT(p) -> bellC[1] = 1; watchP[1] = watchP[1] & ~BIT(p) :: else fi;
#endif
#if C > 2
  if :: watchP[2] & BIT(p) -> bellC[2] = 1; watchP[2] = watchP[2] & ~BIT(p) :: else fi;
#endif
}

#if X > 0
#define MAY_DIE if :: deaths < D -> deaths++; goto dead :: stops < X && _pid >= P -> stops++; goto stopped :: skip fi
#else
#define MAY_DIE if :: deaths < D -> deaths++; goto dead :: skip fi
#endif
#define STEP atomic { MAY_DIE;

/* Rings all sleepers: loads the mask once, then rings one after the other. */
inline ringConsumers() {
#ifndef POLL
  STEP asleep = asleepC }
  if
  :: asleep != 0 ->
     if :: asleep & 1 -> STEP bellC[0] = 1 } :: else fi;
#if C > 1
     if :: asleep & 2 -> STEP bellC[1] = 1 } :: else fi;
#endif
#if C > 2
     if :: asleep & 4 -> STEP bellC[2] = 1 } :: else fi;
#endif
     asleep = 0
  :: else
  fi
#else
  skip
#endif
}
inline ringProducers(which) {
#ifndef POLL
  STEP asleep = asleepP & (which) }
  if
  :: asleep != 0 ->
     if :: asleep & 1 -> STEP bellP[0] = 1 } :: else fi;
#if P > 1
     if :: asleep & 2 -> STEP bellP[1] = 1 } :: else fi;
#endif
     asleep = 0
  :: else
  fi
#else
  skip
#endif
}
#define ALL_PRODUCERS 255

#include "queue-producer.pml"
#include "ring-cursor.pml"
#include "queue-taking.pml"
#include "queue-recovery.pml"
#include "queue-consumer.pml"

#if RETRIES > 0
inline due(s) {
  undue[s] = 0;
  if :: timer[0] -> bellC[0] = 1; fired[0] = 1 :: else fi;
#if C > 1
  if :: timer[1] -> bellC[1] = 1; fired[1] = 1 :: else fi;
#endif
#if C > 2
  if :: timer[2] -> bellC[2] = 1; fired[2] = 1 :: else fi;
#endif
}
active proctype Clock() {
end:
  do
  :: atomic { undue[0] -> due(0) }
#if S > 1
  :: atomic { undue[1] -> due(1) }
#endif
  od
}
#endif

#ifdef PROGRESS
#if M == 1
#define ALL_DONE done[0]
#else
#define ALL_DONE (done[0] && done[1])
#endif
#define NO_CONSUMER (leaseC[0] != OWNED && leaseC[1] != OWNED)
ltl progress { [] ((tail[0] > 0) -> <> (done[0] || NO_CONSUMER)) && ((<> [] (leaseP[0] && !NO_CONSUMER)) -> <> ALL_DONE) }
#endif
