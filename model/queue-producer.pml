/* The producer of queue.pml. */

/* Own words become free, and nobody else fills them. */
inline findFree() {
  d_step {
    s = NONE; i = 0;
    do
    :: i < N && KIND(word[me * N + i]) == FREE -> s = me * N + i; i = N
    :: i < N && KIND(word[me * N + i]) != FREE -> i++
    :: i >= N -> break
    od;
    i = 0
  }
}

#ifdef POLL
#if N == 1
#define SOME_FREE (KIND(word[me]) == FREE)
#elif N == 2
#define SOME_FREE (KIND(word[2 * me]) == FREE || KIND(word[2 * me + 1]) == FREE)
#else
#define SOME_FREE (KIND(word[3 * me]) == FREE || KIND(word[3 * me + 1]) == FREE || KIND(word[3 * me + 2]) == FREE)
#endif
#endif

inline watchConsumers() {
  atomic {
    seen = live;
    if :: (seen & 1) && leaseC[0] != FREE -> watched[me] = watched[me] | 1 :: else fi;
#if C > 1
    if :: (seen & 2) && leaseC[1] != FREE -> watched[me] = watched[me] | 2 :: else fi;
#endif
#if C > 2
    if :: (seen & 4) && leaseC[2] != FREE -> watched[me] = watched[me] | 4 :: else fi;
#endif
  }
}

/* A predecessor's message that is ready, but in no ring, belongs to nobody: its slot becomes free. */
inline freeUnpublished() {
#ifndef NO_FREE_UNPUBLISHED
  d_step {
    i = 0;
    do
    :: i >= N -> break
    :: i < N ->
       g = word[me * N + i];
       if
       :: KIND(g) == READY ->
          s = (tail[me] > N -> tail[me] - N : 0);
          do
          :: s >= tail[me] -> break
          :: s < tail[me] -> if :: entry[me * RING + s % RING] == ENTRY(i, GENERATION(g)) -> break :: else -> s++ fi
          od;
#ifdef FREE_PUBLISHED
          word[me * N + i] = WORD(FREE, 0, GENERATION(g));
#else
          if :: s == tail[me] -> word[me * N + i] = WORD(FREE, 0, GENERATION(g)) :: else fi;
#endif
          s = NONE
       :: else
       fi;
       g = 0; i++
    od;
    i = 0
  }
#else
  skip
#endif
}

#if BACKS > 0
/*
 * Takes back messages. The first load of a word and the look at the ring are one step: what is the oldest new message stays the oldest until it
 * is taken.
 */
inline takeBack() {
  do
  :: backs < BACKS ->
     atomic {
       if
       :: s = me * N
#if N > 1
       :: s = me * N + 1
#endif
       fi;
       g = word[s];
       if
       :: KIND(g) == READY ->
#ifndef BACK_ANY
          i = (tail[me] > N -> tail[me] - N : 0);
          do
          :: i < tail[me] && word[me * N + SLOT(entry[me * RING + i % RING])] != WORD(READY, 0, entry[me * RING + i % RING] / 8) -> i++
          :: else -> break
          od;
          if :: i < tail[me] && me * N + SLOT(entry[me * RING + i % RING]) == s :: else -> s = NONE fi;
          i = 0
#endif
       :: KIND(g) == RETURNED
#ifdef BACK_RETURNING
       :: KIND(g) == RETURNING
#endif
       :: else -> s = NONE
       fi
     }
     if
     :: s != NONE ->
        STEP
          if
#ifdef BACK_STORES
          :: true ->
#else
          :: word[s] == g ->
#endif
             assert(!done[message[s]] && holder[message[s]] == 0);
#ifdef BACK_KEEPS_GENERATION
             word[s] = WORD(FREE, 0, GENERATION(g));
#else
             word[s] = WORD(FREE, 0, (GENERATION(g) + 1) % G);
#endif
             done[message[s]] = 1; backs++
#if RETRIES > 0
             ; undue[s] = 0     /* a note is for one generation */
#endif
          :: else
          fi;
          s = NONE; g = 0
        }
     :: else -> g = 0
     fi
  :: break
  od
}
#else
inline takeBack() {
  skip
}
#endif

#define NUMBER (me * M + tail[me] + filled)
#define STORE_ENTRY entry[me * RING + (tail[me] + filled) % RING] = ENTRY(s - me * N, g)
#define STORE_READY word[s] = WORD(READY, 0, g); message[s] = NUMBER
#define STORE_TAIL tail[me] = tail[me] + filled

active [P] proctype Producer() {
  byte me, s, i, g, asleep, seen, life, filled;
  atomic { me = _pid; s = NONE };
  do
  :: life == L || tail[me] == M -> break
  :: life < L && tail[me] < M ->
     atomic { leaseP[me] = 1; life++ }
#if L > 1 || defined(JOIN)
     ringConsumers();             /* sleepers must watch this one */
     freeUnpublished();
#endif
     do
     :: tail[me] == M -> takeBack(); break
     :: tail[me] < M ->
        takeBack();
        findFree();
        if
        :: s == NONE ->
           /* no room: sleeps */
#ifdef POLL
           if
           :: SOME_FREE
#else
#ifndef NO_PRODUCER_MARK
           STEP asleepP = asleepP | BIT(me) }
#endif
#ifndef NO_PRODUCER_LOOK
           findFree();
           if :: s != NONE -> goto up :: else fi;
#endif
#ifndef NO_PRODUCER_WATCH
           watchConsumers();
#ifndef NO_PRODUCER_LOOK_AFTER_WATCH
           findFree();
           if :: s != NONE -> goto up :: else fi;
#endif
#endif
           if
           :: atomic { bellP[me] -> bellP[me] = 0 }
#endif
           :: atomic {
                timeout -> findFree(); assert(s == NONE);       /* never beside a free slot */
                i = me * M;
                do :: i < me * M + tail[me] && done[i] -> i++ :: else -> break od;
                assert(i < me * M + tail[me]);                  /* nor beside slots that hold nothing */
                goto silent
              }
           fi;
up:
           atomic { seen = 0; s = NONE; asleepP = asleepP & ~BIT(me) }
        :: else ->
           do
           :: STEP g = GENERATION(word[s]) }
              STEP low[s] = NUMBER + 1 }
              STEP high[s] = NUMBER + 1 }
#ifdef TAIL_BEFORE_READY
              STEP STORE_ENTRY; filled++ }
              STEP STORE_TAIL; filled = 0 }
              STEP word[s] = WORD(READY, 0, g); message[s] = NUMBER - 1 }
#elif defined(TAIL_BEFORE_ENTRY)
              STEP STORE_READY; filled++ }
              STEP STORE_TAIL; filled = 0 }
              STEP entry[me * RING + (tail[me] - 1) % RING] = ENTRY(s - me * N, g) }
#else
              STEP STORE_READY }
              STEP STORE_ENTRY; filled++ }
#endif
              atomic { s = NONE; g = 0 }
#if BATCH > 1
              if
              :: filled < BATCH && tail[me] + filled < M -> findFree(); if :: s == NONE -> break :: else fi
              :: break
              fi
#else
              break
#endif
           od;
#ifdef RING_BEFORE_TAIL
           ringConsumers();
#endif
#if !defined(TAIL_BEFORE_READY) && !defined(TAIL_BEFORE_ENTRY)
           STEP STORE_TAIL; filled = 0 }
#endif
#ifndef RING_BEFORE_TAIL
           ringConsumers()
#endif
        fi
     od;
     break;
dead:
     atomic { endProducer(me); s = NONE; i = 0; g = 0; asleep = 0; seen = 0; filled = 0; watched[me] = 0; bellP[me] = 0 }
  od;
silent:
  atomic { s = NONE; i = 0; g = 0; asleep = 0; seen = 0; goto over }     /* lives, and is silent */
stopped:
  skip;
over:
  skip
}
