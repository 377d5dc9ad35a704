/*
 * What becomes of a queue's message that is not acknowledged: counts of deliveries, notes, and dead letters. One producer with N slots
 * and M messages; C consumers, which may die before any access (D deaths in all), and come again. Rings, sleepers and leases are in
 * queue.pml: here a ready message can be taken as soon as its word says so.
 *
 *   SlotWriter.append         stores the base, then makes the word ready; the take counts from the base
 *   MessageRecall.takeBack    compareExchange ready or returned -> free, in the next generation
 *   QueueControl.dropDead     gives the producer the slot of a dead letter, if there are more than KEEP
 *   QueueTaker.take           compareExchange ready or returned (when its time has come) -> taken, in the next generation
 *   QueueControl.giveBack     compareExchange taken -> returning; writes note and base; stores returned or dead
 *   QueueControl.giveUp       of a dead consumer, or of one that holds a message for too long (AWAY): loads the base, then compareExchange
 *   QueueTaker.takeDead       compareExchange dead -> taken; then resend, discard or putBack of DeadLetter
 *
 * A note holds the generation for which it was written, a number in place of the reason, and whether the message's time has not come.
 * The macros other than N, M, C, D, G, LIMIT, KEEP, RETURNS, AWAY, LETTERS and BACKS are mutations.
 */
#ifndef N
#define N 1
#endif
#ifndef M
#define M 2
#endif
#ifndef C
#define C 2
#endif
#ifndef D
#define D 1
#endif
#ifndef G
#define G 8                     /* generations before they wrap */
#endif
#ifndef LIMIT
#define LIMIT 2                 /* maxDeliveries */
#endif
#ifndef KEEP
#define KEEP 0                  /* maxDeadLetters */
#endif
#ifndef RETURNS
#define RETURNS 2               /* messages given back by living consumers, in all */
#endif
#ifndef AWAY
#define AWAY 0                  /* messages taken away, in all */
#endif
#ifndef LETTERS
#define LETTERS 1               /* takes of dead letters, in all */
#endif
#ifndef BACKS
#define BACKS 0                 /* messages that the producer takes back, in all */
#endif
#define FREE 0
#define READY 1
#define TAKEN 2
#define RETURNING 3
#define RETURNED 4
#define DEAD 5
#define WORD(kind, owner, generation) ((kind) + 8 * (owner) + 32 * (generation))
#define KIND(w) ((w) & 7)
#define OWNER(w) (((w) >> 3) & 3)
#define GENERATION(w) ((w) >> 5)
#define WITH_KIND(w, kind) WORD(kind, 0, GENERATION(w))
#define COUNT(w, base) ((GENERATION(w) + G - (base)) % G)
#define NONE 255

/* shared memory */
byte word[N], base[N];
bit rejected[N];                /* a bit of the base */
byte noteFor[N] = NONE;         /* the generation of the note */
byte reason[N];                 /* who wrote the note: a message's number + 1 */
bit undue[N];                   /* the note's time has not come */
bit alive[C];                   /* leases */

/* observers */
byte message[N];                /* the message in a slot */
byte holder[M];
byte given[M];                  /* deliveries that count */
byte letters[M];                /* takes as a dead letter that were not put back: the base counts them, too */
bit refused[M];                 /* rejected */
bit settled[M];                 /* acknowledged, discarded, dropped or taken back */
byte sent, deaths, returns, aways, taken;
#if BACKS > 0
byte backs;
#endif

#ifdef LIMIT_LATE
#define OVER(count) ((count) > LIMIT)
#else
#define OVER(count) ((count) >= LIMIT)
#endif
#ifdef REJECTION_FORGOTTEN
#define IS_REJECTED(s) 0
#else
#define IS_REJECTED(s) rejected[s]
#endif
#define KIND_AFTER(s, w) (IS_REJECTED(s) || OVER(COUNT(w, base[s])) -> DEAD : RETURNED)
#ifdef NOTE_OF_ANY_GENERATION
#define NOTE_IS_FOR(s, g) (noteFor[s] != NONE)
#else
#define NOTE_IS_FOR(s, g) (noteFor[s] == (g))
#endif

/* Words never say of a message that is settled that it is there. A dead message has been rejected, or was delivered LIMIT times. */
#define CHECK_DEAD(m) assert(!settled[m] && (refused[m] || given[m] >= LIMIT))

active proctype Producer() {
  byte s, i, g, count;
  do
  :: sent == M -> break
#if BACKS > 0
  :: backs < BACKS ->
     /* takes back a message: here any, in the code the oldest new one or a returned one */
     atomic {
       if
       :: s = 0
#if N > 1
       :: s = 1
#endif
       fi;
       g = word[s];
       if :: KIND(g) == READY || KIND(g) == RETURNED :: else -> s = NONE fi
     }
     if
     :: s != NONE ->
        atomic {
          if
          :: word[s] == g ->
             assert(!settled[message[s]] && holder[message[s]] == 0);
             word[s] = WORD(FREE, 0, (GENERATION(g) + 1) % G); settled[message[s]] = 1; backs++
          :: else
          fi
        }
     :: else
     fi;
     atomic { s = NONE; g = 0 }
#endif
  :: sent < M ->
     d_step {
       s = NONE; i = 0; count = 0;
       do
       :: i < N ->
          if :: KIND(word[i]) == FREE -> s = i :: KIND(word[i]) == DEAD -> count++ :: else fi;
          i++
       :: else -> break
       od;
       i = 0
     }
     if
     :: s == NONE && count > KEEP ->
        /* gives up a dead letter: here any, in the code the oldest */
        do
        :: i < N ->
           atomic { g = word[i]; s = (KIND(g) == DEAD -> i : NONE) }
           if
           :: s != NONE ->
#ifdef DROP_BY_STORE
              atomic { settled[message[s]] = 1; word[s] = WITH_KIND(g, FREE) }
#else
              atomic {
                if :: word[s] == g -> CHECK_DEAD(message[s]); settled[message[s]] = 1; word[s] = WITH_KIND(g, FREE) :: else fi
              }
#endif
              break
           :: else -> i++
           fi
        :: else -> break
        od;
        atomic { s = NONE; i = 0; g = 0; count = 0 }
     :: s == NONE && count <= KEEP ->
        /* waits until that changes */
        if
        :: KIND(word[0]) == FREE
#if N == 1
        :: KIND(word[0]) == DEAD
#else
        :: KIND(word[1]) == FREE
        :: (KIND(word[0]) == DEAD) + (KIND(word[1]) == DEAD) > KEEP
#endif
        :: timeout -> break
        fi;
        count = 0
     :: else ->
        atomic { count = 0; g = GENERATION(word[s]) }
#ifdef BASE_AFTER_READY
        atomic { word[s] = WORD(READY, 0, g); message[s] = sent; sent++ }
#endif
#ifndef BASE_KEPT
        atomic { base[s] = g; rejected[s] = 0 }
#endif
#ifndef BASE_AFTER_READY
        atomic { word[s] = WORD(READY, 0, g); message[s] = sent; sent++ }
#endif
        atomic { s = NONE; g = 0 }
     fi
  od
}

#define MAY_DIE if :: deaths < D -> deaths++; goto dead :: skip fi
#define STEP atomic { MAY_DIE;

/* Gives up what `c` holds, or with `c` == NONE a message that its living consumer holds for too long. */
inline giveUp(c) {
  do
  :: i < N ->
     atomic {
       w = word[i];
       if
#ifdef TAKE_AWAY_RETURNING
       :: c == NONE && (KIND(w) == TAKEN || KIND(w) == RETURNING) -> s = i
#else
       :: c == NONE && KIND(w) == TAKEN -> s = i
#endif
       :: c != NONE && (KIND(w) == TAKEN || KIND(w) == RETURNING) && OWNER(w) == c -> s = i
       :: else
       fi
     }
     if
     :: s != NONE && (c == NONE || !alive[c % C] || c == me) ->
#ifdef NO_LIMIT_AT_DEATH
        kind = RETURNED;
#else
        atomic { kind = KIND_AFTER(s, w) }
#endif
        STEP
          if
          :: word[s] == w ->
             word[s] = WITH_KIND(w, kind); holder[message[s]] = 0;
             if :: kind == DEAD -> CHECK_DEAD(message[s]) :: else fi
          :: else
          fi
        }
     :: else
     fi;
     atomic { s = NONE; w = 0; kind = 0; i++ }
  :: else -> break
  od;
  i = 0
}

/* Gives back `s`, whose word is `w`. Sets `ok`: false if the message was taken away. */
inline giveBack(as, late) {
#ifdef NO_RETURNING
  ok = 1;
#else
  STEP
    if
    :: word[s] == w -> word[s] = WORD(RETURNING, me, GENERATION(w)); ok = 1
    :: else -> ok = 0
    fi
  }
#endif
  if
  :: ok ->
#ifdef NOTE_GENERATION_FIRST
     STEP noteFor[s] = GENERATION(w) }
#endif
     STEP reason[s] = message[s] + 1; undue[s] = late }
#ifndef NOTE_GENERATION_FIRST
     STEP noteFor[s] = GENERATION(w) }
#endif
#ifndef FREE_AFTER_RETURNED
     writeBase(as);
#endif
     STEP
       kind = KIND_AFTER(s, w);
#ifdef NO_RETURNING
       if
       :: word[s] == w ->
#else
       if
       :: true ->
#endif
          word[s] = WITH_KIND(w, kind); holder[message[s]] = 0;
          if :: kind == DEAD -> CHECK_DEAD(message[s]) :: else -> assert(!refused[message[s]]) fi
       :: else
       fi;
       kind = 0
     }
#ifdef FREE_AFTER_RETURNED
     writeBase(as);
#endif
     ok = 0
  :: else
  fi
}
#define COUNTS 0
#define UNCOUNTED 1
#define REJECTS 2
#define RESENDS 3
inline writeBase(as) {
  if
  :: as == UNCOUNTED ->
     STEP
       base[s] = (base[s] + 1) % G;
       if :: isLetter -> letters[message[s]]-- :: else -> given[message[s]]-- fi
     }
  :: as == REJECTS -> STEP rejected[s] = 1; refused[message[s]] = 1 }
  :: as == RESENDS ->
#ifdef RESEND_KEEPS_COUNT
     STEP rejected[s] = 0; given[message[s]] = 0; letters[message[s]] = 0; refused[message[s]] = 0 }
#else
     STEP base[s] = GENERATION(w); rejected[s] = 0; given[message[s]] = 0; letters[message[s]] = 0; refused[message[s]] = 0 }
#endif
  :: as == COUNTS -> skip
  fi
}

#define IS_DUE(s, w) !(NOTE_IS_FOR(s, GENERATION(w)) && undue[s])
#define MAY_TAKE(s) (KIND(word[s]) == READY || KIND(word[s]) == RETURNED && IS_DUE(s, word[s]) || KIND(word[s]) == DEAD && taken < LETTERS)
#define HOLDS(c, s) ((KIND(word[s]) == TAKEN || KIND(word[s]) == RETURNING) && OWNER(word[s]) == c)
#if N > 1
#define HOLDS_SOME(c) (HOLDS(c, 0) || HOLDS(c, 1))
#else
#define HOLDS_SOME(c) HOLDS(c, 0)
#endif

active [C] proctype Consumer() {
  byte me, s, i, w, kind, m; bit ok, isLetter;
  atomic { me = _pid - 1; s = NONE; m = NONE };
  do
  :: alive[me] = 1;
     giveUp(me);                  /* what its predecessor held */
     do
     :: atomic {
          if
          :: MAY_TAKE(0) -> i = 0
#if N > 1
          :: MAY_TAKE(1) -> i = 1
#endif
          fi;
          w = word[i]; s = i; i = 0; isLetter = (KIND(w) == DEAD)
        }
        STEP
          if
          :: word[s] == w ->
             m = message[s];
             assert(!settled[m] && holder[m] == 0);
             if :: isLetter -> taken++; letters[m]++ :: else -> assert(!refused[m]); given[m]++ fi;
             w = WORD(TAKEN, me, (GENERATION(w) + 1) % G); word[s] = w; holder[m] = me + 1; ok = 1
          :: else
          fi
        }
        if
        :: !ok
        :: ok && !isLetter ->
           /* Delivery: its count */
           atomic {
             ok = 0;
             if
             :: word[s] == w -> assert(COUNT(w, base[s]) == given[m] + letters[m] && given[m] > 0 && given[m] <= LIMIT)
             :: else -> assert(aways > 0)
             fi
           }
           if
           :: STEP        /* acknowledges */
                if
                :: word[s] == w -> assert(holder[m] == me + 1); word[s] = WITH_KIND(w, FREE); settled[m] = 1; holder[m] = 0
                :: else -> assert(aways > 0)
                fi
              }
           :: atomic { returns < RETURNS -> returns++ }
              if
              :: giveBack(COUNTS, 0)
              :: giveBack(COUNTS, 1)
              :: giveBack(UNCOUNTED, 0)
              :: giveBack(REJECTS, 0)
              fi
           fi
        :: else ->
           /* DeadLetter: its reason, if there is one, is of this message */
           atomic {
             ok = 0;
             if
             :: word[s] == w ->
                CHECK_DEAD(m);
                assert(!NOTE_IS_FOR(s, (GENERATION(w) + G - 1) % G) || reason[s] == m + 1)
             :: else -> assert(aways > 0)
             fi
           }
           if
           :: giveBack(RESENDS, 0)
           :: giveBack(UNCOUNTED, 0)
           :: STEP        /* discards */
                if
                :: word[s] == w -> assert(holder[m] == me + 1); word[s] = WITH_KIND(w, FREE); settled[m] = 1; holder[m] = 0
                :: else -> assert(aways > 0)
                fi
              }
           fi
        fi;
        atomic { s = NONE; w = 0; m = NONE; isLetter = 0 }
     :: me != 0 && !alive[0] && HOLDS_SOME(0) -> giveUp(0)
#if C > 1
     :: me != 1 && !alive[1] && HOLDS_SOME(1) -> giveUp(1)
#endif
#if AWAY > 0
     :: atomic { aways < AWAY -> aways++ } giveUp(NONE)
#endif
     :: timeout -> goto finish
     od;
dead:
     atomic {
       if :: m != NONE && holder[m] == me + 1 -> holder[m] = 0 :: else fi;
       alive[me] = 0; s = NONE; i = 0; w = 0; kind = 0; m = NONE; ok = 0; isLetter = 0
     }
  od;
finish:
  /* Nothing can happen any more: each message is settled, or a dead letter in its slot. */
  atomic {
    m = 0;
    do
    :: m < sent ->
       assert(settled[m] || message[0] == m && KIND(word[0]) == DEAD
#if N > 1
         || message[1] == m && KIND(word[1]) == DEAD
#endif
       );
       m++
    :: else -> break
    od
  }
}

active proctype Clock() {
end:
  do
  :: undue[0] -> undue[0] = 0
#if N > 1
  :: undue[1] -> undue[1] = 0
#endif
  od
}
