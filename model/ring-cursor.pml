/*
 * RingCursor of queue.pml and call-ring.pml: how a consumer or server walks through a producer's or client's ring of RING entries for N
 * slots. The model that includes it has `take`, which sets `ok`, and the walker's own `at` and `end`.
 */

#ifdef NO_TAIL
/* A ring without an end: walks over N entries from the hint on. */
inline takeNew(p) {
  atomic { at[p] = hint[p]; end[p] = at[p] + N };
  do
  :: at[p] < end[p] && !ok ->
     atomic { w = entry[p * RING + at[p] % RING]; s = p * N + SLOT(w) }
     atomic { if :: MATCHES(s, w) -> w = word[s] :: else -> at[p]++; s = NONE; w = 0 fi }
     if
     :: s != NONE ->
        STEP take(); at[p]++ }
        if :: ok -> STEP hint[p] = at[p] } :: else -> atomic { s = NONE; w = 0 } fi
     :: else
     fi
  :: else -> break
  od;
  atomic { if :: !ok -> s = NONE; w = 0 :: else fi; at[p] = 0; end[p] = 0 }
}
#define MAY_BE_NEW(p) true
#else
#define MAY_BE_NEW(p) (at[p] < tail[p])

/* All messages that nobody has taken are among the last N entries. */
inline start(p) {
  if :: at[p] + N < end[p] -> at[p] = end[p] - N :: else fi;
  if :: hint[p] > at[p] && hint[p] <= end[p] -> at[p] = hint[p] :: else fi
}
#ifdef LAP_OF_RING
#define OVERWRITTEN(p) (end[p] - at[p] >= RING)
#else
#define OVERWRITTEN(p) (end[p] - at[p] > N)
#endif

/* Walks through the ring from where the walker was, or from the hint. Sets `ok`. */
inline takeNew(p) {
  atomic { if :: hint[p] > at[p] -> at[p] = (hint[p] < end[p] -> hint[p] : end[p]) :: else fi };
  do
  :: !ok ->
     if
     :: at[p] == end[p] ->
        atomic { end[p] = tail[p] };
        atomic { start(p) }
        if :: at[p] == end[p] -> break :: else fi
     :: else
     fi;
     atomic { w = entry[p * RING + at[p] % RING]; s = p * N + SLOT(w) }
     atomic { if :: MATCHES(s, w) -> w = word[s] :: else -> at[p]++; s = NONE; w = 0 fi }
     if
     :: s != NONE ->
#ifndef NO_LAP_CHECK
        atomic { end[p] = tail[p] };
        if
        :: OVERWRITTEN(p) -> atomic { start(p); s = NONE; w = 0 }
        :: else ->
#else
        if
        :: true ->
#endif
           STEP take(); at[p]++ }
           if
           :: ok -> STEP hint[p] = at[p] }      /* a plain store: the hint may go back */
           :: else -> atomic { s = NONE; w = 0 }
           fi
        fi
     :: else
     fi
  :: else -> break
  od
}
#endif
