/*
 * A lane: one producer, a ring of 2 K + 1 words, and C consumers that join and leave at any time. A consumer may die while it reads
 * (lease.pml: while it joins). The producer evicts a dead consumer once the kernel has dropped its lease. A record takes two words,
 * commit word and payload; the 0 behind it takes one more. So records begin at every word of the ring, and each word is used again
 * as soon as possible. Positions are record numbers. Wrapping and padding are left out.
 *
 * A store is one step, and all processes see stores in the order in which they were made. x64 gives this order, and Atomics elsewhere.
 * (One load may pass a store, the check for sleepers: it is in doorbell.pml.)
 */
#ifndef K
#define K 2          /* records in the ring, besides the one whose commit word is the 0 behind the last */
#endif
#ifndef N
#define N 5
#endif
#ifndef C
#define C 2
#endif
#define W (2 * K + 1)
#define HEADER(r) mem[(2 * (r)) % W]
#define PAYLOAD(r) mem[(2 * (r) + 1) % W]
#define COMMITTED 1
#define CONTENT(r) ((r) + 2)   /* neither 0 nor COMMITTED */

byte mem[W];
byte base = 0;               /* announced: the oldest record that is sure to stay */
bit live[C];                 /* the mask */
bit held[C];                 /* the consumers' leases */
byte position[C];
byte come = 0;                /* how many consumers have come: they take the slots in order */
byte published = 0;

inline refresh() {
  /* how far the producer may go: finds the slowest live consumer, announces that base, then checks once more */
  d_step { oldest = sent; i = 0 }
  i = 0;
  do
  :: i < C ->
     if :: live[i] && !held[i] -> live[i] = 0   /* evicted */
        :: else fi;
     if :: live[i] -> p = position[i]; if :: p < oldest && p >= base -> oldest = p :: p < base -> oldest = base :: else fi
        :: else fi;
     i++
  :: else -> break
  od;
  /* no consumer: drops the oldest records, as far as room is needed */
  if :: oldest == sent && sent - base >= K -> oldest = sent - K + 1 :: oldest == sent -> oldest = base :: else fi;
#ifndef ANNOUNCE_LATE
  base = oldest;
#endif
#ifdef NO_SECOND_LOOK
  limit = oldest + K;
#else
  limit = oldest + K;
  i = 0;
  do
  :: i < C ->
     if :: live[i] -> p = position[i]; if :: p + K < limit -> limit = p + K :: else fi
        :: else fi;
     i++
  :: else -> break
  od;
#endif
#ifdef LIMIT_BEYOND_BASE
  if :: live[0] && held[0] && position[0] + K > limit -> limit = position[0] + K :: else fi
#endif
}

active proctype Producer() {
  byte sent = 0, limit = K, oldest, i, p;
  do
  :: sent == N -> break
  :: sent < N ->
     if
     :: sent >= limit -> refresh();
        if :: sent >= limit -> goto again :: else fi
     :: else
     fi;
#ifdef COMMIT_FIRST
     HEADER(sent) = COMMITTED;
#endif
     PAYLOAD(sent) = CONTENT(sent);
#ifdef ZERO_LATE
     atomic { HEADER(sent) = COMMITTED; published++ }
     HEADER(sent + 1) = 0;
#else
#ifndef NO_ZERO
     HEADER(sent + 1) = 0;
#endif
     atomic { HEADER(sent) = COMMITTED; published++ }
#endif
     sent++;
#ifdef ANNOUNCE_LATE
     if :: oldest > base -> base = oldest :: else fi;
#endif
again:
     skip
  :: goto dead
  od;
dead:
  skip
}

/* Reads from its position on. Each record must be the expected one, and whole. */
inline consume() {
  do
  :: reading ->
#ifdef PAYLOAD_FIRST
     got = PAYLOAD(at);
     commit = HEADER(at);
#else
     atomic { commit = HEADER(at); assert(commit != 0 || published <= at) }   /* otherwise it was overtaken */
#endif
     if
     :: commit != 0 ->
#ifdef RELEASE_FIRST
        position[me] = at + 1;
#endif
#ifdef LEAVE_FIRST
        if :: live[me] = 0; held[me] = 0 :: skip fi;
#endif
#ifndef PAYLOAD_FIRST
        got = PAYLOAD(at);
#endif
        atomic { assert(commit == COMMITTED && got == CONTENT(at)); got = 0; commit = 0; at++ }
        if
        :: position[me] = at   /* releases now */
        :: skip                /* or together with a later one */
#ifdef MORTAL
        :: goto dead
#endif
        fi
     :: else ->
        if :: position[me] != at -> position[me] = at :: else fi;   /* releases when there is nothing more */
        reading = 0
     fi
  :: !reading -> if :: (HEADER(at) != 0) -> reading = 1 :: break fi   /* waits; or closes, or dies */
  od;
  /* closes, or dies; the kernel tells the producer */
  if :: live[me] = 0 :: skip fi;
dead:
  atomic { held[me] = 0; reading = 0 }
}

active [C] proctype Consumer() {
  byte me = _pid - 1, at = 0, got, commit, seen; bit reading = 1;
  atomic { come == me -> held[me] = 1; come++ }
  position[me] = base;
#ifdef LIVE_LAST
  at = position[me];
#else
  live[me] = 1;
  at = base;
#endif
  do
  :: position[me] = at;
     seen = base;
     if :: seen == at -> break :: else -> at = seen fi
  od;
#ifdef LIVE_LAST
  live[me] = 1;
#endif
  consume()
}
