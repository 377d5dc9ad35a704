/*
 * Leases: one lane and one consumer slot, each held by two processes in turn. A producer may die at any step, and another takes over
 * the lane behind its last whole message. A consumer may die at any step, also while it joins. The producer evicts it, holds its
 * lease meanwhile, and may die with it. A store is one step, and all processes see stores in order. A claim is one step, because the
 * kernel arbitrates it. A death is one step, too: all stores stay, and the leases end. Ring, records and flow control are those of
 * lane.pml. A producer announces `end` when it refreshes its limit. The macros other than K and N are mutations.
 */
#ifndef K
#define K 2          /* records in the ring, besides the one whose commit word is the 0 behind the last */
#endif
#ifndef N
#define N 3
#endif
#define PLACES (K + 1)
#define NONE 255
#define FREE 0
#define OWNER 1
#define EVICTOR 2
#define MAY_DIE if :: goto dead :: skip fi

byte commit[PLACES] = 0;
byte payload[PLACES] = NONE;
byte base = 0;
byte end = 0;            /* announced: an end, perhaps not the last one */
byte published = 0;      /* observer: records committed so far */
bit writing = 0;         /* lease of the producer's slot */
byte lease = FREE;       /* lease of the consumer's slot */
bit live = 0;
byte position = 0;

active [2] proctype Producer() {
  byte at, limit, oldest, p; bit seen, evicting;
#ifndef TWO_WRITERS
  atomic { !writing -> writing = 1 }
#endif
  at = end;
#ifndef AT_ANNOUNCED_END
  do :: commit[at % PLACES] == 1 -> at++ :: else -> break od;
#endif
  assert(at == published);   /* behind the last whole message: none is skipped, none overwritten */
  limit = base;   /* refreshed before the first message */
  do
  :: at == N -> break
  :: at < N ->
     if
     :: at >= limit ->
#ifndef NO_END
        end = at;
#endif
        MAY_DIE;
        /* holds a dead consumer's lease and evicts it; if the lease is held, its owner lives, or has just joined */
#ifdef EVICT_WITHOUT_LEASE
        if :: live && lease == FREE -> live = 0 :: else fi;
#else
        if
        :: live ->
           if
           :: atomic { lease == FREE -> lease = EVICTOR; evicting = 1 }
              MAY_DIE;
              live = 0;
              MAY_DIE;
              atomic { lease = FREE; evicting = 0 }
           :: else
           fi
        :: else
        fi;
#endif
        seen = live;
        if
        :: seen -> p = position; oldest = base; if :: p > base && p <= at -> oldest = p :: else fi
        :: else -> oldest = base; if :: at - base >= K -> oldest = at - K + 1 :: else fi
        fi;
        base = oldest;
        MAY_DIE;
        seen = live;
        limit = base + K;
        /* a position farther behind than the length of the ring counts as the base */
        if
        :: seen -> p = position; if :: p <= at && p + K >= at && p + K < limit -> limit = p + K :: else fi
        :: else
        fi;
        if :: at >= limit -> goto again :: else fi
     :: else
     fi;
     MAY_DIE;
     payload[at % PLACES] = NONE;
     MAY_DIE;
     payload[at % PLACES] = at;
#ifndef NO_ZERO
     commit[(at + 1) % PLACES] = 0;
#endif
     MAY_DIE;
     atomic { commit[at % PLACES] = 1; published++ }
     at++;
again:
     skip
  :: goto dead
  od;
dead:
  atomic { writing = 0; if :: evicting -> lease = FREE :: else fi }
}

active [2] proctype Consumer() {
  byte at, seen, got;
#ifdef NO_CLAIM
  atomic { lease != OWNER -> lease = OWNER }   /* even if an evictor holds it */
#else
  atomic { lease == FREE -> lease = OWNER }
#endif
  live = 0;   /* left by a predecessor */
  position = base;
  MAY_DIE;
  live = 1;
  MAY_DIE;
  at = base;
  do
  :: position = at;
     MAY_DIE;
#ifdef NO_LOOK_AT_BASE
     break;
#endif
     seen = base;
     if :: seen == at -> break :: else -> at = seen fi
  od;
  do
  :: commit[at % PLACES] == 1 ->
     got = payload[at % PLACES];
     assert(got == at);
     MAY_DIE;
     at++;
     if :: position = at :: skip fi
  :: atomic { commit[at % PLACES] == 0 -> assert(published <= at) };
     if :: position != at -> position = at :: else fi;
     if :: commit[at % PLACES] == 1 -> skip :: break fi
  od;
  if :: live = 0 :: skip fi;   /* leaves, or dies */
dead:
  lease = FREE
}
