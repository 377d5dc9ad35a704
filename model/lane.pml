/*
 * A lane: one producer, a ring of K records, and two consumers that join and go at any time. A consumer may die
 * once it has read what there is (while it joins: lease.pml); a dead one is evicted by the producer, once the kernel has dropped its lease. Records are numbered; place i of the ring
 * holds record i, i + K, ... Positions are record numbers: bytes and their wrapping are left out, and so is padding.
 *
 * A store is one step, and all see stores in the order in which they were made: what x64 gives, and Atomics elsewhere. (The one load
 * that may pass a store, the look for sleepers, is in doorbell.pml.)
 */
#ifndef K
#define K 2          /* records that the ring holds, besides the one whose commit word is the 0 behind the last */
#endif
#ifndef N
#define N 5
#endif
#define PLACES (K + 1)
#define NONE 255

byte commit[PLACES] = 0;     /* 0: nothing; else 1 */
byte payload[PLACES] = NONE; /* the record's number; NONE while it is half written */
byte base = 0;               /* announced: the oldest record that is sure to stay */
bit live[2];                 /* the mask */
bit held[2];                 /* the consumers' leases */
byte position[2];
byte published = 0;

inline refresh() {
  /* how far may the producer go: from the slowest live consumer; announced, and then looked at once more */
  d_step { oldest = sent; i = 0 }
  i = 0;
  do
  :: i < 2 ->
     if :: live[i] && !held[i] -> live[i] = 0   /* evicted */
        :: else fi;
     if :: live[i] -> p = position[i]; if :: p < oldest && p >= base -> oldest = p :: p < base -> oldest = base :: else fi
        :: else fi;
     i++
  :: else -> break
  od;
  /* nobody there: the oldest gives way, as far as room is needed */
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
  :: i < 2 ->
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
     commit[sent % PLACES] = 1;
#endif
     payload[sent % PLACES] = NONE;
     payload[sent % PLACES] = sent;
#ifndef NO_ZERO
     commit[(sent + 1) % PLACES] = 0;
#endif
     atomic { commit[sent % PLACES] = 1; published++ }
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

/* Reads from where it stands; each record must be the one that is due, and whole. */
inline consume() {
  do
  :: commit[at % PLACES] == 1 && reading ->
     got = payload[at % PLACES];
     assert(got == at);
     at++;
     if :: position[me] = at :: skip fi   /* gives back now, or together with a later one */
  :: atomic { commit[at % PLACES] == 0 && reading -> assert(published <= at) }   /* else it was overtaken */
     if :: position[me] != at -> position[me] = at :: else fi;   /* gives back when there is nothing more */
     reading = 0
  :: !reading -> if :: (commit[at % PLACES] == 1) -> reading = 1 :: break fi   /* waits; or closes, or dies */
  od;
  /* closes; or dies, which the kernel tells the producer */
  if :: live[me] = 0; held[me] = 0 :: held[me] = 0 fi
}

active [2] proctype Consumer() {
  byte me = _pid - 1, at = 0, got, seen; bit reading = 1;
  held[me] = 1;
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
