/* How the consumer of queue.pml returns what other consumers held. */

/* Scans for what a dead consumer held. Without its lease, asks for the lease after each load. */
inline giveBackOf(c) {
  do
  :: i < S ->
#ifdef ASK_BEFORE_LOAD
     if :: evicting == c + 1 || leaseC[c] == FREE || (c == me && !joined) :: else -> break fi;
#endif
     atomic {
       w = word[i];
       if :: (KIND(w) == TAKEN || KIND(w) == RETURNING) && OWNER(w) == c -> s = i :: else fi;
       i++
     }
     if
     :: s != NONE ->
#ifndef ASK_BEFORE_LOAD
        if
        :: evicting == c + 1 || leaseC[c] == FREE || (c == me && !joined && leaseC[c] == OWNED)
        :: else -> s = NONE
        fi;
#endif
        if
        :: s != NONE ->
           STEP
             if
             :: word[s] == w ->
                word[s] = WORD(RETURNED, 0, GENERATION(w));
                assert(holder[message[s]] == 0)         /* not from one that lives */
             :: else
             fi;
             s = NONE
           }
        :: else
        fi
     :: else
     fi;
     w = 0
  :: else -> break
  od;
  atomic { i = 0; w = 0 }
}

inline announceReturn() {
#ifndef NO_COUNT
  STEP returns++ }
#else
  skip
#endif
}

inline recover(c) {
  if
  :: (live & BIT(c)) && leaseC[c] == FREE ->
#ifndef CLAIM_FIRST
     giveBackOf(c);               /* several may do it at once */
     announceReturn();
#endif
     if
     :: atomic { leaseC[c] == FREE -> leaseC[c] = EVICTOR; evicting = c + 1 }
#ifdef LIVE_CLEARED_FIRST
        STEP live = live & ~BIT(c) }
#endif
        giveBackOf(c);            /* of one that has come and died meanwhile */
        announceReturn();
        STEP live = live & ~BIT(c) }
        STEP endConsumer(c); evicting = 0 }
     :: leaseC[c] != FREE
     fi
  :: else
  fi
}

/* What a newcomer does before it claims a place: if it is stopped then, it blocks nobody. */
inline giveBackOfDead(c) {
  if
  :: (live & BIT(c)) && leaseC[c] == FREE -> giveBackOf(c); announceReturn()
  :: else
  fi
}

inline recoverAll() {
  recover(0);
#if C > 1
  recover(1);
#endif
#if C > 2
  recover(2);
#endif
}

#if AWAY > 0
/* The clock says that another consumer has held a message for too long. */
inline takeAway() {
  if
  :: atomic { aways < AWAY -> aways++ }
     do
     :: i < S ->
        atomic { w = word[i]; if :: KIND(w) == TAKEN -> s = i :: else fi; i++ }
        if
        :: s != NONE ->
           STEP if :: word[s] == w -> word[s] = WORD(RETURNED, 0, GENERATION(w)); holder[message[s]] = 0 :: else fi; s = NONE }
           break
        :: else
        fi
     :: else -> break
     od;
     atomic { i = 0; w = 0 }
     STEP returns++ }
     ringConsumers()
  :: skip
  fi
}
#endif
