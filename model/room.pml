/*
 * Room: P producers, each with its own lane, which is full after K messages, and C consumer slots, each held by J consumers one after
 * the other. A producer without room sleeps, and evicts dead consumers while it holds their lease. A consumer reads, releases now or
 * later (at the latest before it waits), and rings. Every process may die at any step, and a consumer may leave. Consumers wake
 * without a bell: their own sleep is in doorbell.pml and fan-in.pml. The check for room is one step: its parts are in lane.pml.
 * With BARRIER the released position waits in the consumer's store buffer. With WAIT, producers without consumers wait, and do not
 * drop the oldest messages. The other macros are mutations.
 */
#ifndef P
#define P 1
#endif
#ifndef C
#define C 1
#endif
#ifndef J
#define J 1
#endif
#ifndef N
#define N 2
#endif
#ifndef K
#define K 1
#endif
#define FREE 0
#define OWNER 1
#define EVICTOR 2
#define BIT(i) (1 << (i))
#define AT(c, p) (c) * P + (p)

byte sent[P];            /* visible at once: a producer's own stores are in doorbell.pml */
byte base[P];
byte position[C * P];
byte pending[C * P];     /* a position in the store buffer, plus 1; 0 for none */
byte live;
byte lease[C];
bit joined[C];           /* observer: lives and has joined */
byte marks;
bit bell[P];
byte watched[P];         /* consumers whose death or leaving rings the bell */

inline drainOne(c, p) {
  if :: pending[AT(c, p)] > 0 -> position[AT(c, p)] = pending[AT(c, p)] - 1; pending[AT(c, p)] = 0 :: else fi
}

inline drain(c) {
  drainOne(c, 0);
#if P > 1
  drainOne(c, 1)
#endif
}

inline drainAll() {
  drain(0);
#if C > 1
  drain(1);
#endif
#if C > 2
  drain(2);
#endif
  skip
}

/* The kernel, when a lease ends: an owner's or an evictor's. */
inline release(c) {
  lease[c] = FREE;
  if :: watched[0] & BIT(c) -> bell[0] = 1; watched[0] = watched[0] & ~BIT(c) :: else fi;
#if P > 1
  if :: watched[1] & BIT(c) -> bell[1] = 1; watched[1] = watched[1] & ~BIT(c) :: else fi;
#endif
  skip
}

#if C == 1
#define NOBODY (lease[0] == FREE)
#elif C == 2
#define NOBODY (lease[0] == FREE && lease[1] == FREE)
#else
#define NOBODY (lease[0] == FREE && lease[1] == FREE && lease[2] == FREE)
#endif

#define MAY_DIE if :: goto dead :: skip fi

#ifdef BARRIER
active proctype Processor() {
  byte i;
end:
  do
  :: atomic { pending[0] > 0 -> drainOne(0, 0) }
#if P > 1
  :: atomic { pending[1] > 0 -> drainOne(0, 1) }
#endif
#if C > 1
  :: atomic { pending[P] > 0 -> drainOne(1, 0) }
#if P > 1
  :: atomic { pending[P + 1] > 0 -> drainOne(1, 1) }
#endif
#endif
#if C > 2
  :: atomic { pending[2 * P] > 0 -> drainOne(2, 0) }
#endif
  od
}
#endif

inline see(c) {
  if
  :: live & BIT(c) ->
     if :: position[AT(c, me)] < oldest -> oldest = position[AT(c, me)] :: else fi
  :: else
  fi
}

/* Announces the newest possible base, and sets `there`: whether there is room. */
inline lookForRoom() {
  d_step {
    oldest = sent[me];
    see(0);
#if C > 1
    see(1);
#endif
#if C > 2
    see(2);
#endif
    if
    :: live == 0 ->
#ifdef WAIT
       skip
#else
       if :: sent[me] - base[me] >= K -> base[me] = sent[me] - K + 1 :: else fi
#endif
    :: else -> if :: oldest > base[me] -> base[me] = oldest :: else fi
    fi;
    if :: live == 0 || oldest > base[me] -> oldest = base[me] :: else fi;
    there = (sent[me] - oldest < K);
    oldest = 0
  }
}

inline check(c) { assert(!joined[c] || sent[me] - position[AT(c, me)] < K) }

inline watch(c) {
  if
  :: atomic { seen & BIT(c) ->
#ifndef NO_WATCH
       if
       :: lease[c] != FREE -> watched[me] = watched[me] | BIT(c); seen = seen & ~BIT(c)
       :: else
       fi
#else
       seen = seen & ~BIT(c)
#endif
     }
     if
     :: seen & BIT(c) ->
#ifdef EVICT_WITHOUT_LEASE
        atomic { lease[c] == FREE -> seen = seen & ~BIT(c) }
        live = live & ~BIT(c);
        dead_ = 1
#else
        if
        :: atomic { lease[c] == FREE -> lease[c] = EVICTOR; evicting = c + 1; seen = seen & ~BIT(c) }
           MAY_DIE;
#if P > 1
#ifndef NO_RING_BEFORE_EVICTION
           if :: marks & BIT(1 - me) -> MAY_DIE; bell[1 - me] = 1 :: else fi;
#endif
#endif
           live = live & ~BIT(c);
           MAY_DIE;
           atomic { release(c); evicting = 0; dead_ = 1 }
        :: atomic { lease[c] != FREE -> seen = seen & ~BIT(c);
#ifndef SLEEP_ON_FAILED_CLAIM
             bell[me] = 1
#endif
           }
        fi
#endif
     :: else
     fi
  :: !(seen & BIT(c))
  fi
}

inline barrier() {
#ifndef NO_BARRIER
  if :: dozed -> atomic { drainAll() } :: else fi;
#endif
  atomic { fenced = dozed; dozed = 0 }
}

active [P] proctype Producer() {
  byte me, oldest, seen, watching, evicting; bit there, dead_, dozed, fenced;
#ifdef BARRIER
  me = _pid - 1;
#else
  me = _pid;
#endif
  do
  :: sent[me] == N -> break
  :: sent[me] < N ->
     lookForRoom();
     if
     :: there ->
        atomic {
          there = 0; dozed = 0;
          check(0);
#if C > 1
          check(1);
#endif
#if C > 2
          check(2);
#endif
          sent[me]++
        }
        goto next
     :: else
     fi;
#ifdef LOOK_BEFORE_MARK
     lookForRoom();
     if :: there -> goto up :: else fi;
#endif
#ifndef NO_MARK
     marks = marks | BIT(me);
#endif
#if defined(BARRIER) && !defined(BARRIER_LATE)
     barrier();
#endif
#ifndef LOOK_BEFORE_MARK
     lookForRoom();
     if :: there -> goto up :: else fi;
#endif
     seen = live;
     watching = seen;
     watch(0);
#if C > 1
     watch(1);
#endif
#if C > 2
     watch(2);
#endif
     if :: dead_ -> goto up :: else fi;
#ifndef NO_LOOK_AFTER_WATCH
     lookForRoom();
     if :: there -> goto up :: else fi;
#endif
#ifndef NO_LOOK_AT_WATCHED
     if :: live & ~watching -> goto up :: else fi;   /* a consumer has joined meanwhile, and is not watched */
#endif
#ifdef BARRIER
#ifdef BARRIER_LATE
     barrier();
#endif
     if
     :: fenced
     :: !fenced && bell[me] -> bell[me] = 0; goto up
     :: !fenced -> dozed = 1; goto up   /* the time has passed */
     fi;
#endif
     if
     :: bell[me] -> bell[me] = 0
#ifdef WAIT
     :: timeout -> lookForRoom(); assert(!there && NOBODY); goto dead
#endif
     fi;
up:
     atomic { there = 0; dead_ = 0; watching = 0; fenced = 0; marks = marks & ~BIT(me) }
next:
     skip
  od;
dead:
  atomic {
    seen = 0; there = 0; dead_ = 0; watching = 0; dozed = 0; fenced = 0;
    if :: evicting == 1 -> release(0)
#if C > 1
       :: evicting == 2 -> release(1)
#endif
#if C > 2
       :: evicting == 3 -> release(2)
#endif
       :: else
    fi;
    evicting = 0
  }
}

inline ringOne(p) {
  if
  :: asleep & BIT(p) -> MAY_DIE; bell[p] = 1
  :: else
  fi
}

inline ring() {
  asleep = marks;
  ringOne(0);
#if P > 1
  ringOne(1);
#endif
  asleep = 0
}

inline giveBack(p) {
#ifdef RING_BEFORE_RELEASE
  ring();
#endif
#ifdef BARRIER
  pending[AT(me, p)] = got[p] + 1;
#else
  position[AT(me, p)] = got[p];
#endif
  released[p] = got[p];
  MAY_DIE;
#ifndef RING_BEFORE_RELEASE
  ring()
#endif
}

#define THERE(p) (sent[p] > got[p])
#define KEEPS(p) (released[p] != got[p])
#if P > 1
#define NOTHING_THERE (!THERE(0) && !THERE(1))
#define NOTHING_KEPT (!KEEPS(0) && !KEEPS(1))
#else
#define NOTHING_THERE (!THERE(0))
#define NOTHING_KEPT (!KEEPS(0))
#endif

active [C] proctype Consumer() {
  byte me, life, asleep; byte got[P]; byte released[P];
#ifdef BARRIER
  me = _pid - 1 - P;
#else
  me = _pid - P;
#endif
  do
  :: life == J -> break
  :: else ->
end_seat:
     atomic { lease[me] == FREE -> lease[me] = OWNER; life++ }
     MAY_DIE;
#ifndef NO_RING_BEFORE_JOIN
     ring();
#endif
     live = live & ~BIT(me);   /* left by a predecessor */
     MAY_DIE;
     /* joins in one step */
     d_step {
       live = live | BIT(me); joined[me] = 1;
       position[AT(me, 0)] = base[0]; got[0] = base[0]; released[0] = base[0];
#if P > 1
       position[AT(me, 1)] = base[1]; got[1] = base[1]; released[1] = base[1];
#endif
     }
     MAY_DIE;
#ifndef NO_RING_AFTER_JOIN
     ring();
#endif
     do
     :: THERE(0) -> got[0]++; if :: giveBack(0) :: skip fi
#if P > 1
     :: THERE(1) -> got[1]++; if :: giveBack(1) :: skip fi
#endif
     :: !THERE(0) && KEEPS(0) -> giveBack(0)
#if P > 1
     :: !THERE(1) && KEEPS(1) -> giveBack(1)
#endif
#ifdef NO_GIVE_BACK
     :: NOTHING_THERE ->
#else
     :: NOTHING_THERE && NOTHING_KEPT ->
#endif
end_wait:
        !NOTHING_THERE
     :: goto dead
     :: break
     od;
     /* leaves */
     atomic { drain(me); live = live & ~BIT(me); joined[me] = 0 }
     MAY_DIE;
     ring();
dead:
     atomic { drain(me); asleep = 0; joined[me] = 0; release(me) }
  od
}
