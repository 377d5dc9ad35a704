/* How the consumer of queue.pml takes messages. */

/* compareExchange: `w` becomes taken by this consumer, in the next generation. Sets `ok`. */
inline take() {
  if
  :: word[s] == w ->
     id = message[s];
     assert(!done[id]);
#if AWAY == 0
     assert(holder[id] == 0);
#endif
     if
     :: KIND(w) == READY ->
        assert(id % M == firsts[id / M]);       /* first deliveries come in order */
        assert(id % M < tail[id / M]);          /* and are published */
        firsts[id / M]++
     :: else -> assert(deaths + retries + aways > 0);
#if RETRIES > 0
        assert(!undue[s])
#endif
     fi;
     holder[id] = me + 1;
#if AWAY > 0
     takes[s]++; no = takes[s];
#endif
#ifdef GENERATION_PER_USE
     w = WORD(TAKEN, me, GENERATION(w));
#else
     w = WORD(TAKEN, me, (GENERATION(w) + 1) % G);
#endif
     word[s] = w; ok = 1
#if AWAY > 0 && !defined(NO_TICKETS)
     ; if :: late == s -> late = NONE; lateWord = 0; lateNo = 0 :: else fi     /* an older holder of this slot has lost it */
#endif
  :: else -> ok = 0
  fi
}

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

/* Walks through the ring from where this consumer was, or from the hint. Sets `ok`. */
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

/* Scans all words for a returned message. They count as seen only if a whole scan has taken none. */
inline takeReturned() {
  atomic {
    h = returns; i = 0;
#ifdef SEEN_FIRST
    seenReturns = h;
#elif !defined(KEEP_SEEN)
    seenReturns = NONE;
#endif
#if RETRIES > 0
    timer[me] = 0; fired[me] = 0
#endif
  }
  do
  :: i < S && !ok ->
     atomic {
       w = word[i];
       if
       :: KIND(w) == RETURNED -> s = i;
#if RETRIES > 0
#ifndef DELAY_IGNORED
          if :: undue[i] -> timer[me] = 1; s = NONE :: else fi
#endif
#endif
       :: else
       fi;
       i++
     }
     if :: s != NONE -> STEP take(); if :: ok -> skip :: else -> s = NONE; w = 0 fi } :: else -> w = 0 fi
  :: else -> break
  od;
  atomic {
#ifndef SEEN_FIRST
    if :: !ok -> seenReturns = h :: else fi;
#endif
    i = 0; h = 0; if :: !ok -> s = NONE; w = 0 :: else fi
  }
}
