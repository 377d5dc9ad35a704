/* How the consumer of queue.pml takes messages: in a ring (ring-cursor.pml), and returned ones. */

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
#if BACKS > 0
        do :: done[id / M * M + firsts[id / M]] -> firsts[id / M]++ :: else -> break od;      /* these were taken back */
#endif
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
