/* The server of call.pml. */

inline take(k, kind) {
  atomic { w = word[k]; if :: KIND(w) != kind -> w = 0 :: else fi }
  if
  :: w != 0 ->
     STEP
       if
#ifdef TAKE_STORES
       :: true ->
#else
       :: word[k] == w ->
#endif
          id = call[k];
          assert(!settled[id]);         /* nothing is taken that was said not to have been */
          assert(takes[id] == 0 || IDEM(id + 1));
          takes[id]++;
          w = WORD(TAKEN, me, (GENERATION(w) + 1) % G); word[k] = w; at = k
#ifndef TAKE_STORES
       :: else -> w = 0                 /* another server was faster, or its client has given it up */
#endif
       fi
     }
  :: else
  fi
}

#ifdef RETURNS
#define MAY_BE_RETURNED (returns != seenReturns)
/* Scans all words. They count as seen only if a whole scan has taken none. */
inline takeReturned() {
  if
  :: MAY_BE_RETURNED ->
     atomic { h = returns; seenReturns = NONE }
     take(0, RETURNED);
#if K > 1
     if :: at == NONE -> take(1, RETURNED) :: else fi;
#endif
     atomic { if :: at == NONE -> seenReturns = h :: else fi; h = 0 }
  :: else
  fi
}
#else
#define MAY_BE_RETURNED 0
#endif
#if K > 1
#define MAY_BE_NEW (KIND(word[0]) == READY || KIND(word[1]) == READY)
#else
#define MAY_BE_NEW (KIND(word[0]) == READY)
#endif
#define SERVER_FINDS ((at == NONE && (MAY_BE_NEW || MAY_BE_RETURNED)) || (at != NONE && word[at] != w))

inline watchOther(v) {
  if
  :: v != me && (seen & BIT(v)) -> if :: leaseS[v] != FREE -> watchS[me] = watchS[me] | BIT(v) :: else -> anyDead = 1 fi
  :: else
  fi
}
inline watchClient(k) {
  if
  :: open[k] -> if :: leaseC[k] != FREE -> watchS[me] = watchS[me] | CLIENT_BIT(k) :: else -> anyDead = 1 fi
  :: else
  fi
}
inline watchPeers() {
  atomic {
#ifndef NO_WATCH_OF_OTHERS
    seen = live;
    watchOther(0);
#if V > 1
    watchOther(1);
#endif
    seen = 0;
#endif
#ifndef NO_WATCH_OF_CLIENTS
    watchClient(0);
#if K > 1
    watchClient(1);
#endif
#endif
    skip
  }
}

/* The handler may read its request while it writes. */
inline write(value) {
  STEP answerLow[at] = value }
  STEP answerHigh[at] = value;
#ifdef ONE_LENGTH
    high[at] = value
#else
    assert(low[at] == VALUE(id, 0) && high[at] == VALUE(id, 0))
#endif
  }
}
/* compareExchange: taken by me becomes `kind`. Sets `ok`. */
inline publish(kind) {
  STEP
    if
    :: word[at] == w -> ok = 1; if :: kind == ANSWERED && stage[id] == BEGUN -> stage[id] = FINISHED :: else fi
#ifdef PART_STORES
    :: word[at] != w -> ok = (kind == PART)
#else
    :: else -> ok = 0; assert(word[at] == WORD(ABANDONED, me, GENERATION(w)))
#endif
    fi;
    if :: ok -> w = WORD(kind, me, GENERATION(w)); word[at] = w :: else fi
  }
}

#if CLOSE > 0
#define MAY_CLOSE if :: atomic { closes < CLOSE -> closes++; goto close } :: skip fi
#else
#define MAY_CLOSE skip
#endif

active [V] proctype Server() {
  byte me, w, x, t, h, at, id, part, asleep, seen, life, seenReturns, evicting, cleaning; bit ok, hit, anyDead;
  atomic {
    me = _pid - K; at = NONE;
#ifndef JOIN
    life = 1
#endif
  }
#ifndef JOIN
  goto serve;
#endif
  do
  :: life == J -> break
  :: life < J ->
     /* joins */
end_place:
     atomic { leaseS[me] == FREE -> life++ }
#ifndef NO_SCAN_BEFORE_CLAIM
#if X > 0
     if :: (live & 1) && leaseS[0] == FREE -> recoverSlots(0, 0) :: else fi;
#if V > 1
     if :: (live & 2) && leaseS[1] == FREE -> recoverSlots(1, 0) :: else fi;
#endif
#endif
#endif
end_claim:
     atomic { leaseS[me] == FREE -> leaseS[me] = OWNED }
#ifndef NO_SCAN_AT_JOIN
     recoverSlots(me, 1);
#endif
     STEP live = live | BIT(me); seenReturns = NONE }
#ifndef NO_RING_AFTER_JOIN
     ringServers(); ringClient(0);
#if K > 1
     ringClient(1);
#endif
#endif
serve:
#ifdef RETURNS
     takeReturned();
#endif
     if :: at == NONE -> take(0, READY) :: else fi;
#if K > 1
     if :: at == NONE -> take(1, READY) :: else fi;
#endif
     if :: at == NONE -> goto sleep :: else fi;
#ifdef EXPIRE
     if
     :: STEP answerLow[at] = EXPIRED(id) }
        STEP answerHigh[at] = EXPIRED(id) }
        goto answer
     :: skip
     fi;
#endif
     STEP assert(low[at] == VALUE(id, 0)); stage[id] = BEGUN }
     STEP assert(high[at] == VALUE(id, 0)) }
     MAY_CLOSE;
#ifdef HANG
     if :: isHung[me] = 1; goto sleep :: skip fi;
#endif
parts:
     if
     :: part < PARTS ->
        part++;
#ifdef PART_FIRST
        publish(PART);
        if :: ok -> write(VALUE(id, part)) :: else fi;
#else
        write(VALUE(id, part));
        publish(PART);
#endif
        if
        :: ok ->
           STEP completed[at] = 1 }
           ringClient(at);
           goto sleep
        :: else -> goto release
        fi
     :: else
     fi;
#ifdef ANSWER_FIRST
     publish(ANSWERED);
     if :: ok -> write(VALUE(id, PARTS + 1)); goto tell :: else -> goto release fi;
#else
     write(VALUE(id, PARTS + 1));
#endif
answer:
#ifdef RING_BEFORE_ANSWER
     ringClient(at);
#endif
     publish(ANSWERED);
     if :: ok -> goto tell :: else fi;
release:
     /* abandoned: the slot is free when its server says so */
#ifndef NO_RELEASE
     STEP word[at] = WORD(FREE, 0, GENERATION(w)) }
#endif
#ifdef NO_RING_AT_FREE
     goto done;
#endif
tell:
     STEP completed[at] = 1 }
#ifndef RING_BEFORE_ANSWER
     ringClient(at);
#endif
done:
     atomic { at = NONE; id = 0; w = 0; part = 0; ok = 0; isHung[me] = 0; goto serve }
sleep:
     /* sleeps until there is a call, or the word of its own call changes */
     ok = 0;
#ifdef SERVER_LOOKS_BEFORE_MARK
     if :: SERVER_FINDS -> goto up :: else fi;
#endif
#ifndef NO_SERVER_MARK
     STEP asleepS = asleepS | BIT(me) }
#endif
     watchPeers();
     if
     :: anyDead ->
        atomic { anyDead = 0; asleepS = asleepS & ~BIT(me) }
        if :: me != 0 -> recover(0) :: else fi;
#if V > 1
        if :: me != 1 -> recover(1) :: else fi;
#endif
        cleanPlace(0);
#if K > 1
        cleanPlace(1);
#endif
#ifdef SLEEP_ON_FAILED_CLAIM
        if :: ok -> goto up :: else -> asleepS = asleepS | BIT(me) fi
#else
        goto up
#endif
     :: else
     fi;
#ifndef SERVER_LOOKS_BEFORE_MARK
     if :: SERVER_FINDS -> goto up :: else fi;
#endif
     if
     :: atomic { bellS[me] -> bellS[me] = 0 }
     :: atomic { deaths < D -> deaths++; goto dead }
#if X > 0
     :: atomic { stops < X -> stops++; goto stopped }
#endif
#if CLOSE > 0
     :: atomic { closes < CLOSE -> closes++; goto close }
#endif
     :: timeout -> goto finish
     fi;
up:
     atomic {
       ok = 0; asleepS = asleepS & ~BIT(me);
       if
       :: at == NONE -> goto serve
       :: at != NONE && word[at] == w -> goto sleep
       :: at != NONE && word[at] == WORD(TAKEN, me, GENERATION(w)) -> w = word[at]; goto parts       /* the part was taken */
       :: else -> assert(word[at] == WORD(ABANDONED, me, GENERATION(w))); goto release
       fi
     }
#if CLOSE > 0
close:
     asleepS = asleepS & ~BIT(me);
#ifdef CLOSE_LIVE_FIRST
     STEP live = live & ~BIT(me) }
#endif
     if
     :: at != NONE ->
#ifdef CLOSE_STORES
        STEP word[at] = WORD(RETURNED, 0, GENERATION(w)) }
        announceReturn();
#else
        recoverSlot(at, me, 1);
        announceReturn();
#endif
#ifdef LATE_HANDLER
        STEP answerLow[at] = VALUE(id, PARTS + 1) }      /* its handler still runs */
#endif
     :: else
     fi;
     STEP live = live & ~BIT(me) }
#endif
dead:
     atomic {
       w = 0; x = 0; t = 0; h = 0; at = NONE; id = 0; part = 0; asleep = 0; seenReturns = 0; ok = 0; hit = 0; anyDead = 0;
       isHung[me] = 0; bellS[me] = 0; watchS[me] = 0; asleepS = asleepS & ~BIT(me);
       if :: evicting == 1 -> endServer(0)
#if V > 1
       :: evicting == 2 -> endServer(1)
#endif
       :: else fi;
       evicting = 0;
       if :: cleaning == 1 -> endClient(0)
#if K > 1
       :: cleaning == 2 -> endClient(1)
#endif
       :: else fi;
       cleaning = 0;
       if :: leaseS[me] == OWNED -> endServer(me) :: else fi
     }
  od;
  goto over;
/* Nothing is left in the place of a client that has ended, and nobody dead holds a slot. */
#define IS_LEFT(w) (!VACANT(w) && !(KIND(w) == ABANDONED && IS_STUCK(w)))
#define IS_CLEAN(k) (!(leaseC[k] == FREE && IS_LEFT(word[k])) && !((HELD(word[k]) || KIND(word[k]) == ABANDONED) && leaseS[OWNER(word[k])] == FREE))
finish:
  /* Asleep forever, and alive: nothing may be left. */
  atomic {
    if
    :: at == NONE -> assert(!MAY_BE_NEW && !MAY_BE_RETURNED && !WAITING(word[0]));
#if K > 1
       assert(!WAITING(word[1]))
#endif
    :: else -> assert(word[at] == w && KIND(w) == TAKEN)
    fi;
    assert(IS_CLEAN(0));
#if K > 1
    assert(IS_CLEAN(1));
#endif
    goto over
  }
stopped:
  isStopped[me] = 1;
over:
  skip
}
