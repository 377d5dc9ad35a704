/*
 * Call: K client places with one slot each, V server places, M calls per client place. Clients and servers may die before any access
 * (D deaths in all), and successors take their places (L clients, J servers in turn). X servers stop there instead, and keep their
 * leases. CLOSE servers close while their handlers run. A client may cancel a call at any time. Clients and servers sleep, watch each
 * other, recover what dead servers held, and clean up the places of dead clients.
 *
 *   PARTS        each answer is a stream of so many parts, and then its end
 *   IDEMPOTENT   all calls are idempotent; with MIXED, every second one
 *   HANG         a handler may wait until its call is canceled
 *   EXPIRE       a server may find that the deadline of a call has passed
 *   JOIN         no server has joined at the beginning
 *
 *   CallWriter.publish, CallControl.cancel             the client's loop, and cancel
 *   CallSlots.#look, handBack                          collect
 *   CallSlots.#watch, CallServer.#watch, Waiter        the ends of both loops: mark, watch, look, sleep
 *   QueueTaker.take                                    take and takeReturned
 *   CallControl.answer, handOver, freeAbandoned        publish and what follows it
 *   CallServer.#end                                    close
 *   SlotPeers.join, #recover; CallControl.giveUp       recover, recoverSlot, and a server's start
 *   CallControl.cleanUpAfter, CallServer.#watch        cleanSlot and cleanPlace
 *
 * How a server finds a request in the ring is in call-ring.pml: here, a request that is ready is found. A slot has a request area and an
 * answer area. The order of a request's bytes and its word is in slot.pml: here, the client stores them one after the other.
 *
 * One atomic block is one access to shared memory with what follows from it locally. A claim or an end of a lease is one step of the
 * kernel. The leases of all peers are asked, and watched, in one step. The checks of several words before a sleep are one step, and only
 * those behind the watching are there: an earlier one only finds less. The other macros are mutations.
 */
#ifndef K
#define K 1
#endif
#ifndef V
#define V 2
#endif
#ifndef M
#define M 1
#endif
#ifndef L
#define L 1
#endif
#ifndef J
#define J 1
#endif
#ifndef D
#define D 1
#endif
#ifndef X
#define X 0
#endif
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef PARTS
#define PARTS 0
#endif
#define G 16
#define FREE 0          /* kinds of a state word; FREE is also a lease that nobody holds */
#define READY 1
#define TAKEN 2
#define ANSWERED 3
#define RETURNED 4
#define PART 5
#define ABANDONED 6
#define DIED 7
#define WORD(kind, owner, generation) ((kind) + 8 * (owner) + 16 * (generation))
#define KIND(w) ((w) & 7)
#define OWNER(w) (((w) >> 3) & 1)
#define GENERATION(w) ((w) >> 4)
#define FREED(w) WORD(FREE, 0, (GENERATION(w) + 1) % G)
#define HELD(w) (KIND(w) == TAKEN || KIND(w) == PART)
#define VACANT(w) (KIND(w) == FREE || KIND(w) == ANSWERED || KIND(w) == DIED)       /* if its call is settled */
#define WAITING(w) (KIND(w) == READY || KIND(w) == RETURNED)
#define BIT(i) (1 << (i))
#define CLIENT_BIT(k) (4 << (k))
#define NONE 255
#define OWNED 1
#define EVICTOR 2       /* held by a participant that cleans up the place */
#define VALUE(id, part) ((id) + 1 + 16 * (part))        /* part 0 is the request, the last one the answer */
#define EXPIRED(id) (128 + (id))
#if defined(IDEMPOTENT) || defined(MIXED) || defined(RETURN_STREAMS)
#define RETURNS
#endif
#if defined(IDEMPOTENT) || defined(RETURN_STREAMS)
#define IDEM(request) 1
#elif defined(MIXED)
#define IDEM(request) (((request) & 1) == 0)            /* the request holds the procedure */
#else
#define IDEM(request) 0
#endif

/* shared memory */
byte word[K];
byte low[K], high[K];               /* the request */
byte answerLow[K], answerHigh[K];   /* the answer, or a part of it */
bit completed[K];                   /* completion bits */
bit open[K] = 1;                    /* the states of the clients' places */
byte asleepS;                       /* masks of sleepers */
bit asleepC[K];
#ifdef JOIN
byte live;                          /* servers */
#else
byte live = (1 << V) - 1;
#endif
#ifdef RETURNS
byte returns;                       /* counts returned calls */
#endif

/* kernel */
#ifdef JOIN
byte leaseS[V];
#else
byte leaseS[V] = OWNED;
#endif
byte leaseC[K] = OWNED;
bit bellS[V], bellC[K];
byte watchS[V];                     /* by server: the servers (BIT) and clients (CLIENT_BIT) that it watches */
byte watchC[K];                     /* by client: the servers that it watches */

/* observers */
#define BEGUN 1
#define FINISHED 2
byte call[K];                       /* the call that a slot carries */
bit settled[K * M];
byte takes[K * M];
byte stage[K * M];                  /* whether a handler has begun it, or finished it */
bit isStopped[V], isHung[V];
byte deaths, stops, closes;

/* The kernel ends a lease, and rings the participants that watch it. */
inline endServer(v) {
  leaseS[v] = FREE;
  if :: watchS[0] & BIT(v) -> bellS[0] = 1; watchS[0] = watchS[0] & ~BIT(v) :: else fi;
#if V > 1
  if :: watchS[1] & BIT(v) -> bellS[1] = 1; watchS[1] = watchS[1] & ~BIT(v) :: else fi;
#endif
  if :: watchC[0] & BIT(v) -> bellC[0] = 1; watchC[0] = watchC[0] & ~BIT(v) :: else fi;
#if K > 1
  if :: watchC[1] & BIT(v) -> bellC[1] = 1; watchC[1] = watchC[1] & ~BIT(v) :: else fi;
#endif
}
inline endClient(k) {
  leaseC[k] = FREE;
  if :: watchS[0] & CLIENT_BIT(k) -> bellS[0] = 1; watchS[0] = watchS[0] & ~CLIENT_BIT(k) :: else fi;
#if V > 1
  if :: watchS[1] & CLIENT_BIT(k) -> bellS[1] = 1; watchS[1] = watchS[1] & ~CLIENT_BIT(k) :: else fi;
#endif
}

#if X > 0
#define MAY_DIE if :: deaths < D -> deaths++; goto dead :: stops < X && _pid >= K -> stops++; goto stopped :: skip fi
#else
#define MAY_DIE if :: deaths < D -> deaths++; goto dead :: skip fi
#endif
#define STEP atomic { MAY_DIE;

/* Rings all sleeping servers: loads the mask once, then rings one after the other. */
inline ringServers() {
  STEP asleep = asleepS }
  if
  :: asleep != 0 ->
     if :: asleep & 1 -> STEP bellS[0] = 1 } :: else fi;
#if V > 1
     if :: asleep & 2 -> STEP bellS[1] = 1 } :: else fi;
#endif
     asleep = 0
  :: else
  fi
}
inline ringServer(v) {
  if :: asleepS & BIT(v) -> STEP bellS[v] = 1 } :: else fi
}
inline ringClient(k) {
  if :: asleepC[k] -> STEP bellC[k] = 1 } :: else fi
}

#include "call-recovery.pml"
#include "call-client.pml"
#include "call-server.pml"
