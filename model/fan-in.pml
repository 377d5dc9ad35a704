/*
 * Fan-in: two lanes, each with L producers one after the other, and C consumers that read both, sleep, and find the end. A producer
 * opens its lane, sends up to M messages (over all its lane's producers), and closes; it may die at any step, or live on in
 * silence. Messages are counts; flow control is left out (lane.pml, room.pml). With BARRIER a published message waits in the
 * producer's store buffer, as in doorbell.pml: it leaves at any time, and with the producer's next ordered store, with a sleeper's
 * barrier and with a death. The macros at the mutated places are mutations.
 *
 * What must hold: who sleeps for ever has received everything, and somebody lives who can send, or nobody has ever opened a lane;
 * who finds the end has received all that was visible when it began to look, and there was a moment without any producer.
 */
#ifndef C
#define C 1
#endif
#ifndef L
#define L 1
#endif
#ifndef M
#define M 1
#endif
#define UNUSED 0
#define OPEN 1
#define CLOSED 2
#define BIT(j) (1 << (j))

byte state[2];
byte lanes;          /* the mask of active lanes */
byte openings;
bit held[2];          /* the producers' leases */
byte visible[2];
byte buffered[2];
byte sent[2];

byte marks;           /* the mask of sleepers */
bit bell[C];
byte watched[C];      /* lanes whose producers' end rings the bell */
bit none[C];          /* observer: since the consumer last began to look for the end, there was no producer */

#define HAS_PRODUCER ((state[0] == OPEN && held[0]) || (state[1] == OPEN && held[1]))

inline drain(j) { visible[j] = visible[j] + buffered[j]; buffered[j] = 0 }

inline observe() {
  if
  :: HAS_PRODUCER -> skip
  :: else -> none[0] = 1;
#if C > 1
     none[1] = 1
#endif
  fi
}

/* The lease goes: whoever watches it is rung. */
inline release(j) {
  drain(j);
  held[j] = 0;
  if :: watched[0] & BIT(j) -> bell[0] = 1; watched[0] = watched[0] & ~BIT(j) :: else fi;
#if C > 1
  if :: watched[1] & BIT(j) -> bell[1] = 1; watched[1] = watched[1] & ~BIT(j) :: else fi;
#endif
  observe()
}

#define MAY_DIE if :: goto dead :: skip fi

inline ringOne(c) {
  if
  :: asleep & BIT(c) -> MAY_DIE; bell[c] = 1
  :: else
  fi
}

inline ring() {
  asleep = marks;
  ringOne(0);
#if C > 1
  ringOne(1);
#endif
  asleep = 0
}

#ifdef BARRIER
active proctype Processor() {
end:
  do
  :: atomic { buffered[0] > 0 -> visible[0]++; buffered[0]-- }
  :: atomic { buffered[1] > 0 -> visible[1]++; buffered[1]-- }
  od
}
#endif

inline publish() {
#ifdef BARRIER
  atomic { buffered[me]++; sent[me]++ }
#else
  atomic { visible[me]++; sent[me]++ }
#endif
}

active [2] proctype Producer() {
  byte me, life, asleep;
#ifdef BARRIER
  me = _pid - 1;
#else
  me = _pid;
#endif
  do
  :: life == L -> break
  :: else ->
     atomic { held[me] = 1; life++ }
     MAY_DIE;
#ifndef NO_RING_BEFORE_OPENING
     ring();   /* who waits for a first producer watches this one from now on */
#endif
#ifndef STATE_LAST
     state[me] = OPEN;
     MAY_DIE;
#endif
#ifdef COUNT_FIRST
     openings++;
     MAY_DIE;
     lanes = lanes | BIT(me);
#else
     lanes = lanes | BIT(me);
#ifndef NO_OPENINGS
     MAY_DIE;
     openings++;
#endif
#endif
#ifdef STATE_LAST
     MAY_DIE;
     state[me] = OPEN;
#endif
     MAY_DIE;
#ifndef NO_RING_AT_OPENING
     ring();
#endif
#ifdef CLEAR_EARLY
     if :: lanes = lanes & ~BIT(me) :: skip fi;
#endif
     do
     :: sent[me] < M -> publish(); MAY_DIE; ring()
     :: break
     od;
     if
     :: goto silent
     :: goto dead
     :: skip
     fi;
     /* closes */
     atomic { drain(me); state[me] = CLOSED; observe() }
     MAY_DIE;
     lanes = lanes & ~BIT(me);
     MAY_DIE;
     ring();
dead:
     atomic { asleep = 0; release(me) }
  od;
  goto over;
silent:
  skip;
over:
  skip
}

#define READY(j) (visible[j] > got[j])

inline hasMessage() {
  there = 0;
  if :: (cursors & 1) -> if :: READY(0) -> there = 1 :: else fi :: else fi;
  if :: (cursors & 2) && !there -> if :: READY(1) -> there = 1 :: else fi :: else fi
}

inline takeUp(j) {
#ifdef ACTIVE_ONLY
  if :: (a & BIT(j)) -> cursors = cursors | BIT(j) :: else fi
#else
  if :: state[j] != UNUSED -> cursors = cursors | BIT(j) :: else fi
#endif
}

inline lookForLanes() {
#ifdef ACTIVE_BEFORE_OPENINGS
  a = lanes; o = openings;
#else
  o = openings; a = lanes;
#endif
  if
  :: o == seenOpenings && a == seenActive -> changed = 0
  :: else ->
     atomic { seenOpenings = o; seenActive = a };
     takeUp(0); takeUp(1);
     atomic { draining = 1; changed = 1 }
  fi;
  a = 0; o = 0
}

inline watchOne(j, withBell) {
  s = state[j];
#ifndef WATCH_OPEN_ONLY
  if
  :: withBell && s == UNUSED ->
     atomic { if :: held[j] -> watched[me] = watched[me] | BIT(j) :: else fi };
     s = state[j]
  :: else
  fi;
#endif
  if
  :: s == UNUSED -> skip
  :: s == CLOSED -> used = 1
  :: s == OPEN ->
     atomic {
       used = 1;
       if
       :: held[j] ->
          living = 1;
          if :: withBell -> watched[me] = watched[me] | BIT(j) :: else fi
       :: else
       fi
     }
  fi;
  s = 0
}

inline watchBoth(withBell) {
  atomic { living = 0; used = 0 };
  watchOne(0, withBell);
#ifdef WATCH_ONE
  if :: living -> skip :: else -> watchOne(1, withBell) fi
#else
  if :: living && !withBell -> skip :: else -> watchOne(1, withBell) fi
#endif
}

/* Sets `result` as #watchProducers returns it. */
inline watchProducers(withBell) {
  atomic { none[me] = !HAS_PRODUCER; floor[0] = visible[0]; floor[1] = visible[1] };
  watchBoth(withBell);
  if
  :: living || !used -> result = 0
  :: else ->
#ifndef ONE_PASS
     watchBoth(withBell);
#endif
     if
     :: living || !used -> result = 0
     :: else ->
#ifdef END_WITHOUT_LOOK
        there = 0;
#else
        lookForLanes();
        hasMessage();
#endif
        if
        :: there -> there = 0
        :: else ->
           atomic {
             assert(none[me]);
             assert(got[0] >= floor[0] && got[1] >= floor[1]);
             end = 1
           }
        fi;
        result = 1
     fi
  fi;
  atomic { floor[0] = 0; floor[1] = 0; living = 0; used = 0; none[me] = 0 }
}

inline isThere() {
  if
  :: end -> there = 1
  :: else ->
     hasMessage();
     if
     :: there -> skip
     :: else ->
        lookForLanes();
        if
        :: changed ->
           changed = 0;
           hasMessage();
           if :: there -> skip :: else -> watchProducers(0); there = result; result = 0 fi
        :: else
        fi
     fi
  fi
}

#define ALL_RECEIVED (got[0] == visible[0] && got[1] == visible[1])
#define MAY_SLEEP (ALL_RECEIVED && (HAS_PRODUCER || (state[0] == UNUSED && state[1] == UNUSED)))

active [C] proctype Consumer() {
  byte me, cursors, seenOpenings, seenActive, o, a, s; byte got[2]; byte floor[2];
  bit draining, changed, there, living, used, result, end;
#ifdef BARRIER
  me = _pid - 3;
#else
  me = _pid - 2;
#endif
  /* the constructor: what was ever used */
  takeUp(0); takeUp(1);
  draining = 1;
receive:
  lookForLanes(); changed = 0;
  if :: (cursors & 1) -> if :: READY(0) -> got[0]++; goto receive :: else fi :: else fi;
  if :: (cursors & 2) -> if :: READY(1) -> got[1]++; goto receive :: else fi :: else fi;
  /* found nothing: lanes that are closed and read to their end are let go */
  if
  :: draining ->
     if :: (cursors & 1) && !(seenActive & 1) -> if :: READY(0) -> skip :: else -> cursors = cursors & ~1 fi :: else fi;
     if :: (cursors & 2) && !(seenActive & 2) -> if :: READY(1) -> skip :: else -> cursors = cursors & ~2 fi :: else fi;
     draining = (cursors & ~seenActive) != 0
  :: else
  fi;
wait:
  marks = marks | BIT(me);
  isThere();
  if :: there -> goto up :: else fi;
  watchProducers(1);
  if :: result -> result = 0; marks = marks & ~BIT(me); goto wait :: else fi;
#ifndef NO_LOOK_AFTER_WATCH
  isThere();
  if :: there -> goto up :: else fi;
#endif
#ifdef BARRIER
  if :: bell[me] -> goto rung :: skip fi;
  atomic { drain(0); drain(1) };
  isThere();
  if :: there -> goto up :: else fi;
#endif
rung:
  if
  :: bell[me] -> bell[me] = 0; marks = marks & ~BIT(me); goto wait
  :: timeout -> assert(MAY_SLEEP); goto over
  fi;
up:
  there = 0;
  marks = marks & ~BIT(me);
  if :: end -> goto over :: else -> goto receive fi;
over:
  skip
}
