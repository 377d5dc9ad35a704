/* The consumer of queue.pml. */

#if RETRIES > 0 && !defined(NO_SCAN_WHEN_DUE)
#define FIRED fired[me]
#else
#define FIRED 0
#endif
inline lookAt(p) {
  h = (tail[p] > N -> tail[p] - N : 0);
  if :: hint[p] > h -> h = hint[p] :: else fi;
  do
  :: h < tail[p] ->
     w = entry[p * RING + h % RING];
     if :: MATCHES(p * N + SLOT(w), w) -> there = 1 :: else fi;
     h++
  :: else -> break
  od;
  h = 0; w = 0
}
inline look() {
  d_step {
    if :: returns != seenReturns || FIRED -> there = 1 :: else fi;
#ifdef NO_TAIL
    i = 0;
    do
    :: i < P * RING -> w = entry[i]; if :: MATCHES((i / RING) * N + SLOT(w), w) -> there = 1 :: else fi; i++
    :: else -> break
    od;
    i = 0; w = 0;
#else
    lookAt(0);
#if P > 1
    lookAt(1);
#endif
#endif
  }
}

inline watchConsumer(c) {
  if
  :: c != me && (seen & BIT(c)) -> if :: leaseC[c] != FREE -> watchC[me] = watchC[me] | BIT(c) :: else -> anyDead = 1 fi
  :: else
  fi
}
inline watchPeers() {
  atomic {
    seen = live;
    watchConsumer(0);
#if C > 1
    watchConsumer(1);
#endif
#if C > 2
    watchConsumer(2);
#endif
#ifndef NO_WATCH_OF_PRODUCERS
    if :: leaseP[0] -> watchP[me] = watchP[me] | 1 :: else fi;
#if P > 1
    if :: leaseP[1] -> watchP[me] = watchP[me] | 2 :: else fi;
#endif
#endif
  }
}
#if AWAY > 0
/* A handler that hung comes back and acknowledges. */
inline lateAck() {
  if
  :: late != NONE ->
     STEP
       if
       :: word[late] == lateWord ->
          assert(holder[message[late]] == me + 1 && takes[late] == lateNo);    /* not another handler's */
          word[late] = WORD(FREE, 0, GENERATION(lateWord)); done[message[late]] = 1; holder[message[late]] = 0; lateWord = late + 1
       :: else -> lateWord = 0
       fi;
       late = NONE; lateNo = 0
     }
     if :: lateWord > 0 -> ringProducers(BIT((lateWord - 1) / N)); lateWord = 0 :: else fi
  :: skip
  fi
}
#endif

#ifdef POLL
#if C > 2
#define SOME_DEAD (((live & 1) && leaseC[0] == FREE) || ((live & 2) && leaseC[1] == FREE) || ((live & 4) && leaseC[2] == FREE))
#else
#define SOME_DEAD (((live & 1) && leaseC[0] == FREE) || ((live & 2) && leaseC[1] == FREE))
#endif
#if P > 1
#define SOME_MESSAGE (returns != seenReturns || FIRED || MAY_BE_NEW(0) || MAY_BE_NEW(1))
#else
#define SOME_MESSAGE (returns != seenReturns || FIRED || MAY_BE_NEW(0))
#endif
#endif

active [C] proctype Consumer() {
  byte me, s, w, h, t, i, id, asleep, seen, life, seenReturns, evicting, at[P], end[P]; bit ok, there, anyDead, joined;
#if AWAY > 0
  byte late = NONE, lateWord, lateNo, no;
#endif
  atomic {
    me = _pid - P; s = NONE;
#ifndef JOIN
    life = 1; joined = 1
#endif
  }
#ifndef JOIN
  goto receive;
#endif
  do
  :: life == J -> break
  :: life > 0 && life < J -> break      /* no successor comes */
  :: life < J ->
end_place:
     /* joins */
     atomic { leaseC[me] == FREE -> life++ }
#ifndef NO_SCAN_BEFORE_CLAIM
     giveBackOfDead(0);
#if C > 1
     giveBackOfDead(1);
#endif
#if C > 2
     giveBackOfDead(2);
#endif
#endif
end_claim:
     atomic { leaseC[me] == FREE -> leaseC[me] = OWNED }
#ifndef NO_SCAN_AT_JOIN
     giveBackOf(me);
     STEP returns++ }
#endif
#ifdef RING_BEFORE_JOIN
     ringConsumers(); ringProducers(ALL_PRODUCERS);
#endif
     STEP live = live | BIT(me); joined = 1; seenReturns = NONE; at[0] = hint[0]; end[0] = at[0];
#if P > 1
       at[1] = hint[1]; end[1] = at[1]
#endif
     }
#ifndef NO_RING_AFTER_JOIN
     ringConsumers(); ringProducers(ALL_PRODUCERS);
#endif
receive:
     do
     :: joined = 1;
#if AWAY > 0
        takeAway();
        lateAck();
#endif
        if :: returns != seenReturns || FIRED -> takeReturned() :: else fi;
        if :: !ok && MAY_BE_NEW(0) -> takeNew(0) :: else fi;
#if P > 1
        if :: !ok && MAY_BE_NEW(1) -> takeNew(1) :: else fi;
#endif
        if
        :: ok ->
           /* reads the message */
           atomic { ok = 0; t = low[s] }
#if AWAY > 0 && !defined(NO_VIEW_CHECK)
           STEP h = high[s] }
           atomic {
             if
             :: word[s] != w -> s = NONE; w = 0     /* taken away meanwhile: not handed out */
             :: else -> assert(t == h && t == id + 1)
             fi;
             t = 0; h = 0; id = 0
           }
           if :: s == NONE -> goto next :: else fi;
#else
           STEP h = high[s]; assert(t == h && t == id + 1); t = 0; h = 0; id = 0 }
#endif
#if AWAY > 0
           if
           :: atomic { late == NONE -> late = s; lateWord = w; lateNo = no; no = 0; s = NONE; w = 0 } goto next   /* the handler hangs */
           :: skip
           fi;
#endif
#if RETRIES > 0
           if
           :: retries < RETRIES ->
              STEP retries++; if :: word[s] == w -> word[s] = WORD(RETURNING, me, GENERATION(w)); ok = 1 :: else fi }
              if
              :: ok ->
                 ok = 0;
                 STEP if
#ifndef NO_DELAY
                 :: undue[s] = 1
#endif
                 :: undue[s] = 0 fi }
#ifdef COUNT_BEFORE_RETURNED
                 announceReturn();
                 STEP word[s] = WORD(RETURNED, 0, GENERATION(w)); holder[message[s]] = 0; s = NONE; w = 0 }
#else
                 STEP word[s] = WORD(RETURNED, 0, GENERATION(w)); holder[message[s]] = 0; s = NONE; w = 0 }
                 announceReturn();
#endif
                 ringConsumers();
#ifdef LEAVE
                 if
                 :: STEP live = live & ~BIT(me) }
                    ringConsumers(); ringProducers(ALL_PRODUCERS);
                    STEP endConsumer(me); goto over }
                 :: skip
                 fi
#endif
              :: else -> atomic { s = NONE; w = 0 }
              fi;
              goto next
           :: skip
           fi;
#endif
#if AWAY > 0
           lateAck();             /* while another handler of this consumer is at work */
#endif
           /* acknowledges */
           STEP
             if
#ifdef LATE_ACK_WINS
             :: true ->
#else
             :: word[s] == w ->
#endif
                assert(holder[message[s]] == me + 1);
                word[s] = WORD(FREE, 0, GENERATION(w)); done[message[s]] = 1; holder[message[s]] = 0; ok = 1
             :: else -> assert(AWAY > 0)
             fi;
#if AWAY > 0
             if :: ok -> assert(takes[s] == no) :: else fi; no = 0;
#endif
             w = 0
           }
           if :: ok -> ok = 0; i = s; s = NONE; ringProducers(BIT(i / N)); i = 0 :: else -> s = NONE fi
        :: else ->
#ifdef POLL
           if
           :: SOME_MESSAGE
           :: SOME_DEAD -> recoverAll()
           :: timeout -> goto finish
           fi
#else
           /* nothing: sleeps */
#ifndef NO_MARK
           STEP asleepC = asleepC | BIT(me) }
#endif
           look();
           if :: there -> goto up :: else fi;
           watchPeers();
           if
           :: anyDead -> atomic { anyDead = 0; seen = 0; asleepC = asleepC & ~BIT(me) } recoverAll(); goto up
           :: else
           fi;
#ifndef NO_LOOK_AFTER_WATCH
           look();
           if :: there -> goto up :: else fi;
#endif
           if
           :: atomic { bellC[me] -> bellC[me] = 0 }
           :: atomic { deaths < D -> deaths++; goto dead }
#if X > 0
           :: atomic { stops < X -> stops++; goto stopped }
#endif
           :: timeout -> goto finish
           fi;
up:
           atomic { there = 0; seen = 0; asleepC = asleepC & ~BIT(me) }
#endif
        fi;
next:
        skip
     od;
dead:
     atomic {
       i = 0;
       do :: i < P * M -> if :: holder[i] == me + 1 -> holder[i] = 0 :: else fi; i++ :: else -> break od;
       s = NONE; w = 0; h = 0; t = 0; i = 0; id = 0; asleep = 0; seen = 0; seenReturns = 0; ok = 0; there = 0; anyDead = 0; joined = 0;
       at[0] = 0; end[0] = 0;
#if P > 1
       at[1] = 0; end[1] = 0;
#endif
       bellC[me] = 0; watchC[me] = 0; watchP[me] = 0;
#if RETRIES > 0
       timer[me] = 0; fired[me] = 0;
#endif
#if AWAY > 0
       late = NONE; lateWord = 0; lateNo = 0; no = 0;
#endif
       if :: evicting == 1 -> endConsumer(0)
#if C > 1
       :: evicting == 2 -> endConsumer(1)
#endif
#if C > 2
       :: evicting == 3 -> endConsumer(2)
#endif
       :: else fi;
       evicting = 0;
       if :: leaseC[me] == OWNED -> endConsumer(me) :: else fi
     }
  od;
  goto over;
finish:
  /* Asleep forever, and alive: nothing may be left, except what a living or stopped consumer holds. */
  atomic {
    i = 0;
    do
    :: i < P * M ->
       if
       :: i % M < tail[i / M] -> assert(done[i] || (holder[i] > 0 && isStopped[holder[i] - 1])
#if AWAY > 0
          || (holder[i] > 0 && leaseC[holder[i] - 1] == OWNED)    /* a handler that hangs forever */
#endif
          )
       :: else
       fi;
       i++
    :: else -> break
    od
  };
  goto over;
stopped:
  isStopped[me] = 1;
over:
  skip
}
