/* The client of call.pml. */

inline watchServer(v) {
  if
  :: seen & BIT(v) -> if :: leaseS[v] != FREE -> watchC[me] = watchC[me] | BIT(v) :: else -> anyDead = 1 fi
  :: else
  fi
}
inline watchServers() {
#ifndef NO_WATCH_OF_SERVERS
  atomic {
    seen = live;
    watchServer(0);
#if V > 1
    watchServer(1);
#endif
    seen = 0
  }
#else
  skip
#endif
}

#define CLIENT_FINDS(w) ((mine != NONE && (KIND(w) == ANSWERED || KIND(w) == DIED || KIND(w) == PART)) || (mine == NONE && VACANT(w)))
#ifdef BITS_ONLY
#define LOOK if :: completed[me] -> w = word[me]; goto up :: else fi
#else
#define LOOK atomic { w = word[me]; if :: CLIENT_FINDS(w) -> goto up :: else -> w = 0 fi }
#endif

#define UNAVAILABLE(v) (leaseS[v] != OWNED || isStopped[v] || isHung[v])
#if V > 1
#define NO_SERVER (UNAVAILABLE(0) && UNAVAILABLE(1))
#else
#define NO_SERVER UNAVAILABLE(0)
#endif
/* A server that is stopped holds it, or has claimed the lease of one that does. */
#define IS_STUCK(w) (leaseS[OWNER(w)] == EVICTOR || (leaseS[OWNER(w)] == OWNED && isStopped[OWNER(w)]))

inline settle() {
  assert(!settled[mine]); settled[mine] = 1; mine = NONE; next++; part = 0; sentAt = 0
}
inline settleNotTaken() { assert(takes[mine] == 0); settle() }
inline settleTaken() { assert(takes[mine] > 0); settle() }

inline collect() {
  if
  :: mine == NONE
  :: mine != NONE && KIND(w) == ANSWERED ->
     STEP t = answerLow[me] }
     STEP                   /* the word stays as it is until the next call */
       assert(t == answerHigh[me]);
       if
       :: t == EXPIRED(mine) ->
#ifdef EXPIRED_IS_NOT_TAKEN
          assert(stage[mine] == 0)
#else
          if
          :: GENERATION(w) == (sentAt + 1) % G -> assert(stage[mine] == 0)          /* says that it was not taken */
          :: else -> assert(takes[mine] > 1)
          fi
#endif
       :: else -> assert(t == VALUE(mine, PARTS + 1) && part == PARTS)
       fi;
       t = 0; settleTaken()
     }
  :: mine != NONE && KIND(w) == DIED ->
     STEP
       assert(!IDEM(mine + 1) && stage[mine] != FINISHED); settleTaken()
     }
  :: mine != NONE && KIND(w) == PART ->
#ifdef HAND_BACK_FIRST
     STEP if :: word[me] == w -> word[me] = WORD(TAKEN, OWNER(w), GENERATION(w)); part++; ok = 1 :: else fi }
     if :: ok -> STEP t = answerLow[me] } STEP assert(t == answerHigh[me] && t == VALUE(mine, part)) } :: else fi;
#else
     STEP t = answerLow[me] }
     STEP assert(t == answerHigh[me] && t == VALUE(mine, part + 1)); t = 0 }
     STEP
       if
#ifdef HAND_BACK_STORES
       :: true ->
#else
       :: word[me] == w ->
#endif
          word[me] = WORD(TAKEN, OWNER(w), GENERATION(w)); part++; ok = 1
#ifndef HAND_BACK_STORES
       :: else          /* its server has died meanwhile */
#endif
       fi
     }
#endif
     if
     :: ok -> ok = 0;
#ifndef NO_RING_AT_PART
        ringServer(OWNER(w))
#endif
     :: else
     fi
  :: else -> assert(KIND(w) != FREE && KIND(w) != ABANDONED)       /* somebody else has freed the slot of a pending call */
  fi;
  atomic { w = 0; t = 0 }
}

/* By the caller, or because its time is over. */
inline cancel() {
  atomic { w = word[me] }
#ifdef CLOSED_FIRST
  STEP open[me] = 0 }
#endif
  STEP
    if
#ifdef CANCEL_STORES
    :: HELD(w) -> word[me] = WORD(ABANDONED, OWNER(w), GENERATION(w)); settleTaken()
    :: word[me] == w && !HELD(w) ->
#else
    :: word[me] == w ->
#endif
       if
       :: KIND(w) == READY -> word[me] = FREED(w); settleNotTaken()
#ifdef RETURNED_IS_NOT_TAKEN
       :: KIND(w) == RETURNED -> word[me] = FREED(w); settleNotTaken()
#else
       :: KIND(w) == RETURNED -> word[me] = FREED(w); settleTaken()
#endif
#ifdef CANCEL_FREES
       :: HELD(w) -> word[me] = FREED(w); settleTaken()
#else
       :: HELD(w) -> word[me] = WORD(ABANDONED, OWNER(w), GENERATION(w)); settleTaken()
#endif
       :: else -> w = 0         /* answered meanwhile */
       fi
    :: else -> w = 0
    fi
  }
#ifndef NO_RING_AT_CANCEL
  if :: HELD(w) -> ringServer(OWNER(w)) :: else fi;
#endif
  w = 0
}

#ifdef BITS_ONLY
#define WAITS_FOR_SLOT (mine == NONE && next < M && !VACANT(word[me]) && !completed[me])
#else
#define WAITS_FOR_SLOT (mine == NONE && next < M && !VACANT(word[me]))
#endif

active [K] proctype Client() {
  byte me, w, x, t, asleep, seen, life, mine, next, part, sentAt, evicting; bit ok, hit, anyDead;
  atomic { me = _pid; life = 1; mine = NONE }
  goto again;
  do
  :: life == L || next == M -> break
  :: life < L && next < M ->
     /* connects */
end_place:
     atomic { leaseC[me] == FREE -> leaseC[me] = OWNED; life++ }
     cleanSlot(me, 1);
     STEP completed[me] = 0 }
     STEP open[me] = 1 }
#ifndef NO_RING_AT_CONNECT
     ringServers();             /* sleepers must watch this one */
#endif
again:
     if
     :: completed[me] ->        /* a bit says that something may be there */
        STEP completed[me] = 0 }
        w = word[me];
        collect(); goto again
     :: !completed[me] && mine == NONE && next == M ->
        STEP open[me] = 0 }
        STEP endClient(me); goto over }
     :: !completed[me] && mine == NONE && next < M && VACANT(word[me]) ->
        STEP low[me] = VALUE(me * M + next, 0) }
        STEP high[me] = VALUE(me * M + next, 0) }
        STEP mine = me * M + next; call[me] = mine;
#ifdef EXPIRE
          sentAt = GENERATION(word[me]);
#endif
          word[me] = WORD(READY, 0, GENERATION(word[me]))
        }
        ringServers(); goto again
     :: !completed[me] && mine != NONE && (WAITING(word[me]) || HELD(word[me])) -> cancel(); goto again
     :: !completed[me] && (mine != NONE || WAITS_FOR_SLOT) ->
        /* sleeps until its call changes, or its slot is free */
#ifdef LOOK_BEFORE_MARK
        LOOK;
#endif
#ifndef NO_MARK
        STEP asleepC[me] = 1 }
#endif
#ifdef LOOK_BEFORE_WATCH
        LOOK;
#endif
        watchServers();
        if
        :: anyDead ->
           atomic { anyDead = 0; asleepC[me] = 0 }
           recover(0);
#if V > 1
           recover(1);
#endif
           goto again
        :: else
        fi;
#if !defined(LOOK_BEFORE_WATCH) && !defined(LOOK_BEFORE_MARK)
        LOOK;
#endif
        if
        :: atomic { bellC[me] -> bellC[me] = 0 }
        :: atomic { deaths < D -> deaths++; goto dead }
        :: atomic {
             timeout ->         /* asleep forever */
             w = word[me];
             if
             :: mine != NONE -> assert((WAITING(w) && NO_SERVER) || (KIND(w) == TAKEN && isHung[OWNER(w)]) || ((HELD(w) || KIND(w) == ANSWERED) && IS_STUCK(w)))
             :: else -> assert((KIND(w) == ABANDONED && IS_STUCK(w)) || (VACANT(w) && stops > 0))
             fi;
             w = 0; goto over
           }
        fi;
up:
        asleepC[me] = 0;
        if :: w != 0 -> collect() :: else fi;
        goto again
     fi;
dead:
     atomic {
       w = 0; x = 0; t = 0; asleep = 0; ok = 0; hit = 0; anyDead = 0; part = 0; sentAt = 0;
       watchC[me] = 0; bellC[me] = 0; asleepC[me] = 0;
       if :: mine != NONE -> next++ :: else fi;
       mine = NONE;
       if :: evicting == 1 -> endServer(0)
#if V > 1
       :: evicting == 2 -> endServer(1)
#endif
       :: else fi;
       evicting = 0;
       endClient(me)
     }
  od;
over:
stopped:
  skip
}
