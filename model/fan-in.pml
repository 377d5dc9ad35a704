/*
 * Fan-in: two lanes, each with L producers one after the other, and C consumers that read both, sleep, and find the end. A producer
 * opens its lane, sends messages (up to M for all producers of the lane together), and closes. It may die at any step, or live and
 * be silent. Messages are counts. Flow control is left out (lane.pml, room.pml). With BARRIER a published message waits in the
 * producer's store buffer, as in doorbell.pml. It may leave at any time; the producer's next ordered store, a sleeper's barrier and a
 * death empty the buffer. The macros other than C, L, M, BARRIER, ONE_OPEN and IMMORTAL are mutations.
 *
 * What must hold: if a consumer sleeps forever, it has received everything, and a producer lives, or none has ever opened a lane. If
 * a consumer finds the end, it has received everything that was visible when it began to check, and there was a moment without any
 * producer.
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
#ifdef ONE_OPEN
bit begun;
#endif
bit counted[2];       /* observer: open, and counted in `openings` */
byte visible[2];
byte buffered[2];
byte sent[2];

byte marks;           /* the mask of sleepers */
bit bell[C];
byte watched[C];      /* lanes whose producer's end rings the bell */
byte none[C];         /* observer: 0: does not check for the end; 1: does; 2: does, and there was a moment without producers */

#define HAS_PRODUCER (counted[0] || counted[1])

inline drain(j) { visible[j] = visible[j] + buffered[j]; buffered[j] = 0 }

inline observe() {
  if
  :: HAS_PRODUCER -> skip
  :: else -> if :: none[0] == 1 -> none[0] = 2 :: else fi;
#if C > 1
     if :: none[1] == 1 -> none[1] = 2 :: else fi
#endif
  fi
}

/* The lease ends: the bells of its watchers ring. */
inline release(j) {
  drain(j);
  held[j] = 0; counted[j] = 0;
  if :: watched[0] & BIT(j) -> bell[0] = 1; watched[0] = watched[0] & ~BIT(j) :: else fi;
#if C > 1
  if :: watched[1] & BIT(j) -> bell[1] = 1; watched[1] = watched[1] & ~BIT(j) :: else fi;
#endif
  observe()
}

#ifdef IMMORTAL
#define MAY_DIE skip
#else
#define MAY_DIE if :: goto dead :: skip fi
#endif

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
#ifdef ONE_OPEN
  if   /* the second producer has been there from the start */
  :: me == 1 -> atomic { begun = 1; held[1] = 1; state[1] = OPEN; lanes = lanes | 2; openings++; counted[1] = 1; life++ } goto open
  :: else -> begun
  fi;
#endif
  do
  :: life == L -> break
  :: else ->
     atomic { held[me] = 1; life++ }
     MAY_DIE;
#ifndef NO_RING_BEFORE_OPENING
     ring();   /* consumers that wait for a first producer watch this one from now on */
#endif
#ifndef STATE_LAST
     state[me] = OPEN;
     MAY_DIE;
#endif
#ifdef COUNT_FIRST
     atomic { openings++; counted[me] = 1 }
     MAY_DIE;
     lanes = lanes | BIT(me);
#else
     lanes = lanes | BIT(me);
     MAY_DIE;
#ifdef NO_OPENINGS
     counted[me] = 1;
#else
     atomic { openings++; counted[me] = 1 }
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
open:
#ifdef CLEAR_EARLY
     if :: lanes = lanes & ~BIT(me) :: skip fi;
#endif
     do
     :: sent[me] < M -> publish(); MAY_DIE; ring()
     :: break
     od;
     if
     :: goto silent
     :: skip
     fi;
     MAY_DIE;
     /* closes */
     atomic { drain(me); state[me] = CLOSED; counted[me] = 0; observe() }
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

/* One step: a lane that is checked later can only have more. The same holds below. */
inline hasMessage() {
  there = ((cursors & 1) && READY(0)) || ((cursors & 2) && READY(1))
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
  a = lanes;
#else
  o = openings;
#endif
  atomic {
#ifdef ACTIVE_BEFORE_OPENINGS
    o = openings;
#else
    a = lanes;
#endif
    if
    :: o == seenOpenings && a == seenActive -> changed = 0
    :: else ->
       seenOpenings = o; seenActive = a;
       takeUp(0); takeUp(1);
       draining = 1; changed = 1
    fi;
    a = 0; o = 0
  }
}

inline watchOne(j, withBell) {
  atomic {
    if
    :: state[j] == UNUSED -> skip
    :: state[j] == CLOSED -> used = 1
    :: state[j] == OPEN ->
       used = 1;
       if
       :: held[j] ->
          living = 1;
          if :: withBell -> watched[me] = watched[me] | BIT(j) :: else fi
       :: else
       fi
    fi
  }
}

inline watchFirst(j) {
  atomic { if :: held[j] -> watched[me] = watched[me] | BIT(j) :: else fi };
  if :: state[j] != UNUSED -> result = 1 :: else fi
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

/* Sets `result` to what ProducerWatch.watch returns. */
inline watchProducers(withBell) {
  atomic { if :: HAS_PRODUCER -> none[me] = 1 :: else -> none[me] = 2 fi; missing = READY(0) || READY(1) };
  o = openings;
  watchBoth(withBell);
  if
#ifndef NO_WATCH_OF_UNUSED
  :: !used && withBell -> atomic { result = 0; o = 0 }; watchFirst(0); watchFirst(1)
  :: living || (!used && !withBell) -> atomic { result = 0; o = 0 }
#else
  :: living || !used -> atomic { result = 0; o = 0 }
#endif
  :: else ->
     if
#ifndef ONE_PASS
     :: o != openings -> atomic { result = withBell; o = 0 }   /* checks again, before it sleeps */
#endif
     :: else ->
        o = 0;
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
             assert(none[me] == 2);
             assert(!missing);
             end = 1
           }
        fi;
        result = 1
     fi
  fi;
  atomic { missing = 0; living = 0; used = 0; none[me] = 0 }
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
  byte me, cursors, seenOpenings, seenActive, o, a; byte got[2];
  bit missing, draining, changed, there, living, used, result, end;
#ifdef BARRIER
  me = _pid - 3;
#else
  me = _pid - 2;
#endif
#ifdef ONE_OPEN
  begun;
#endif
  /* the constructor: takes up all lanes that were ever used */
  atomic { takeUp(0); takeUp(1); draining = 1 }
receive:
  lookForLanes();
  atomic {
    changed = 0;
    if
    :: (cursors & 1) && READY(0) -> got[0]++; goto receive
    :: else -> if :: (cursors & 2) && READY(1) -> got[1]++; goto receive :: else fi
    fi
  }
  /* found nothing: drops lanes that are closed and read to their end */
  atomic {
    if
    :: draining ->
       if :: (cursors & 1) && !(seenActive & 1) && !READY(0) -> cursors = cursors & ~1 :: else fi;
       if :: (cursors & 2) && !(seenActive & 2) && !READY(1) -> cursors = cursors & ~2 :: else fi;
       draining = (cursors & ~seenActive) != 0
    :: else
    fi
  }
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
