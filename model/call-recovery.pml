/* How clients and servers of call.pml recover what a dead server held, and how a dead client's place is cleaned up. */

#define IS_HELD_BY(w, v) (OWNER(w) == (v) && (HELD(w) || KIND(w) == ABANDONED MORE(w)))
#ifdef RECOVER_ANSWERED
#define MORE(w) || KIND(w) == ANSWERED
#else
#define MORE(w)
#endif

/* Tells servers that a call may have become takeable again. */
inline announceReturn() {
#if defined(RETURNS) && !defined(NO_COUNT)
  STEP returns++ }
  ringServers()
#else
  skip
#endif
}

/* Recovers slot k from server v. `own`: under its lease; otherwise asks for the lease after each load. */
inline recoverSlot(k, v, own) {
  do
  ::
#ifdef ASK_BEFORE_LOAD
     if :: own || leaseS[v] == FREE :: else -> break fi;
#endif
     atomic { x = word[k]; if :: IS_HELD_BY(x, v) :: else -> x = 0; break fi }
#ifndef ASK_BEFORE_LOAD
     if :: own || leaseS[v] == FREE :: else -> x = 0; break fi;
#endif
#ifdef MIXED
     atomic { t = low[k] }
#endif
     STEP
       if
       :: word[k] == x ->
          if
          :: KIND(x) == ABANDONED -> word[k] = WORD(FREE, 0, GENERATION(x))
#ifdef MIXED
          :: KIND(x) != ABANDONED && IDEM(t) -> word[k] = WORD(RETURNED, 0, GENERATION(x))
          :: KIND(x) != ABANDONED && !IDEM(t) -> word[k] = WORD(DIED, 0, GENERATION(x))
#elif defined(RETURNS)
          :: KIND(x) != ABANDONED -> word[k] = WORD(RETURNED, 0, GENERATION(x))
#else
          :: KIND(x) != ABANDONED -> word[k] = WORD(DIED, 0, GENERATION(x))
#endif
          fi;
          hit = 1
       :: else          /* its client has changed it meanwhile */
       fi;
       t = 0
     }
     if
     :: hit ->
        STEP completed[k] = 1 }
        ringClient(k);
        atomic { hit = 0; x = 0; break }
     :: else
#ifdef RECOVER_ONCE
        -> atomic { x = 0; break }
#endif
     fi
  od
}
inline recoverSlots(v, own) {
  recoverSlot(0, v, own);
#if K > 1
  recoverSlot(1, v, own);
#endif
#ifdef COUNT_BEFORE_RETURNED
  skip
#else
  announceReturn()
#endif
}

/* Without the dead server's lease first: a participant that is stopped in between blocks nobody. */
inline recover(v) {
  if
  :: (live & BIT(v)) && leaseS[v] == FREE ->
#ifdef COUNT_BEFORE_RETURNED
     announceReturn();
#endif
#ifndef CLAIM_FIRST
     recoverSlots(v, 0);
#endif
     if
     :: atomic { leaseS[v] == FREE -> leaseS[v] = EVICTOR; evicting = v + 1 }
#ifdef LIVE_CLEARED_FIRST
        STEP live = live & ~BIT(v) }
#endif
        recoverSlots(v, 1);       /* of one that has come and died meanwhile */
        STEP live = live & ~BIT(v) }
        STEP endServer(v); evicting = 0 }
     :: leaseS[v] != FREE
     fi
  :: else
  fi
}

/* Cleans up slot k of a client's place: nobody waits for its call any more. `own`: under the lease; otherwise asks for it after each load. */
inline cleanSlot(k, own) {
  do
  :: atomic { x = word[k]; if :: KIND(x) == FREE || KIND(x) == ABANDONED -> x = 0; break :: else fi }
#ifndef CLEAN_WITHOUT_LEASE
     if :: own || leaseC[k] == FREE :: else -> x = 0; break fi;
#endif
     STEP
       if
#ifdef CLEAN_STORES
       :: true ->
#else
       :: word[k] == x ->
#endif
          if
#ifdef CLEAN_FREES
          :: HELD(x) -> word[k] = FREED(x)
#else
          :: HELD(x) -> word[k] = WORD(ABANDONED, OWNER(x), GENERATION(x))
#endif
          :: !HELD(x) -> word[k] = FREED(x)
          fi
#ifndef CLEAN_STORES
       :: else -> x = 0         /* a server has changed it meanwhile */
#endif
       fi
     }
     if :: HELD(x) -> ringServer(OWNER(x)) :: else fi;
     x = 0
#ifdef CLEAN_ONCE
     ; break
#endif
  od
}

/* What a server does about a dead client's place: like `recover`. */
inline cleanPlace(k) {
  if
  :: open[k] && leaseC[k] == FREE ->
#if !defined(NO_CLEAN) && !defined(CLEAN_CLAIMS_FIRST)
     cleanSlot(k, 0);
#endif
     if
     :: atomic { leaseC[k] == FREE -> leaseC[k] = EVICTOR; cleaning = k + 1; ok = 1 }
#ifdef CLOSED_BEFORE_CLEAN
        STEP open[k] = 0 }
#endif
#ifndef NO_CLEAN
        cleanSlot(k, 1);          /* of one that has come and died meanwhile */
#endif
        STEP completed[k] = 0 }
        STEP open[k] = 0 }
        STEP endClient(k); cleaning = 0 }
     :: leaseC[k] != FREE
     fi
  :: else
  fi
}
