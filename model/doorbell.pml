/*
 * Sleeping and ringing: one producer, one consumer that sleeps, N messages. By default the producer has a fence between its store
 * and its check for sleepers. With BARRIER its stores wait in its store buffer, and the consumer runs a barrier after a doze, before
 * it sleeps again. With MORTAL the producer may die at any step, and dies in the end. With SILENT it lives, so that no death wakes
 * the consumer. The other macros are mutations: each must fail.
 *
 * The store buffer is a count of published messages, in order. They may leave it at any time. A fence, a barrier and a death (the
 * kernel takes the process off its CPU) empty it.
 */
#ifndef N
#define N 2
#endif

byte visible = 0;    /* messages that the consumer can see */
byte buffered = 0;   /* published, still in the producer's store buffer */
bit marked = 0;      /* the consumer's bit in the mask */
byte epoch = 0;      /* counts its sleeps */
bit bell = 0;        /* a ring that the consumer has not taken */
bit watched = 0;     /* the bell rings when the producer dies */
bit alive = 1;       /* the producer's lease */
byte sent = 0;
byte got = 0;

inline drain() { atomic { visible = visible + buffered; buffered = 0 } }

/* The kernel at a death: the process's stores become visible, its lease ends, and a watcher's bell rings. */
inline die() {
  atomic {
    visible = visible + buffered; buffered = 0;
    alive = 0;
    if :: watched -> bell = 1 :: else fi;
    goto dead
  }
}

active proctype Processor() {
end:
  do
  :: atomic { buffered > 0 -> visible++; buffered-- }
  od
}

active proctype Producer() {
  byte rung = 0;
  byte seen;
  bit asleep;
  do
  :: sent < N ->
#ifdef RING_BEFORE_PUBLISH
     asleep = marked;
     seen = epoch;
#endif
#ifdef EPOCH_BEFORE_PUBLISH
     seen = epoch;
#endif
     atomic { buffered++; sent++ }
#ifdef MORTAL
     if :: die() :: skip fi;
#endif
#ifndef BARRIER
#ifndef NO_FENCE
     drain();
#endif
#endif
#ifndef RING_BEFORE_PUBLISH
     asleep = marked;
#ifndef EPOCH_BEFORE_PUBLISH
     seen = epoch;
#endif
#endif
     if
     :: asleep && seen != rung ->
#ifdef MORTAL
        if :: die() :: skip fi;
#endif
        bell = 1;
        rung = seen
     :: else
     fi
  :: else -> break
  od;
#ifdef MORTAL
  if :: die() :: skip fi;
#endif
#ifdef SILENT
end_silent:
  false   /* lives, and is silent: the consumer must get everything without its death */
#else
  die()
#endif
dead:
  skip
}

#define THERE (visible > got)

inline barrier() {
#ifndef NO_BARRIER
  if :: dozed -> drain() :: else fi;
#endif
  atomic { fenced = dozed; dozed = 0 }
}

active proctype Consumer() {
  bit dozed, fenced;
  do
  :: THERE -> atomic { got++; dozed = 0 }
  :: !THERE && (got == N || !alive) -> break
  :: else ->
#ifdef LOOK_BEFORE_MARK
     if :: THERE -> goto up :: else fi;
#endif
#ifdef EPOCH_AFTER_MARK
     marked = 1;
#endif
     epoch++;
#ifndef NO_MARK
     marked = 1;
#endif
#if defined(BARRIER) && !defined(BARRIER_LATE)
     barrier();
#endif
#ifndef LOOK_BEFORE_MARK
#ifndef NO_LOOK
     if :: THERE -> goto up :: else fi;
#endif
#endif
#ifndef NO_WATCH
     atomic { if :: alive -> watched = 1 :: else -> goto up fi };
#endif
#ifndef NO_LOOK
#ifndef NO_LOOK_AFTER_WATCH
     if :: THERE -> goto up :: else fi;
#endif
#endif
#ifdef BARRIER
#ifdef BARRIER_LATE
     barrier();
#endif
     if
     :: fenced
     :: !fenced && bell -> bell = 0; goto up
     :: !fenced -> dozed = 1; goto up   /* the time has passed */
     fi;
#endif
     bell -> bell = 0;   /* sleeps without limit */
up:
     atomic { marked = 0; fenced = 0 }
  od;
  assert(got == visible)
}
