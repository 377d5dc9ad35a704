/*
 * The ring of a call's client (CallWriter.append, RingCursor): one client place with N slots (L clients in turn), V servers that walk, M requests. The client may
 * cancel a request that nobody has taken, and then uses the slot again at once. So an old request may wait while many others come and go:
 * when its entry leaves the last N entries, which are all that servers look at, the client appends the entry again. The client may die
 * before any access (D deaths). Its successor frees the slots of all requests that wait.
 *
 * The payload is in slot.pml. Nobody sleeps: a server that finds nothing waits until the tail moves, and a client without a free slot until there is one. Taken
 * requests are answered at once; call.pml has the rest. Each server has its own position (at) and the tail that it loaded last (end).
 * One atomic block is one access to shared memory with what follows from it locally. The other macros are mutations.
 */
#ifndef N
#define N 2
#endif
#ifndef V
#define V 2
#endif
#ifndef M
#define M 4
#endif
#ifndef L
#define L 1
#endif
#ifndef D
#define D 0
#endif
#define RING (2 * N)
#define FREE 0
#define READY 1
#define TAKEN 2
#define WORD(kind, generation) ((kind) + 4 * (generation))
#define KIND(w) ((w) & 3)
#define GENERATION(w) ((w) >> 2)
#define ENTRY(slot, generation) ((slot) + 4 * (generation))
#define SLOT(e) ((e) & 3)
#define MATCHES(s, e) ((e) != NO_ENTRY && word[s] == WORD(READY, (e) / 4))
#define NONE 255
#define NO_ENTRY 255

byte word[N];
byte entry[RING] = NO_ENTRY;
byte tail[1], hint[1];

/* observers */
byte request[N];                    /* the request in a slot */
bit published[M], taken[M];
byte deaths, next;

#define CLIENT_STEP atomic { if :: deaths < D -> deaths++; goto dead :: skip fi;
#define STEP atomic {           /* of a server: only clients die */

inline take() {
  if
  :: word[s] == w ->
     assert(published[request[s]] && !taken[request[s]]);
     taken[request[s]] = 1;
     w = WORD(TAKEN, GENERATION(w) + 1); word[s] = w; ok = 1
  :: else -> ok = 0
  fi
}
#include "ring-cursor.pml"

/* Frees the slots of a predecessor's requests. */
inline cleanUp() {
  do
  :: i < N ->
     atomic { s = word[i] }
     if
     :: KIND(s) == READY ->
#ifdef CLEAN_KEEPS_GENERATION
        CLIENT_STEP if :: word[i] == s -> word[i] = WORD(FREE, GENERATION(s)) :: else fi }
#else
        CLIENT_STEP if :: word[i] == s -> word[i] = WORD(FREE, GENERATION(s) + 1) :: else fi }
#endif
     :: else
     fi;
     i++
  :: else -> break
  od;
  atomic { i = 0; s = NONE }
}

/* Cancels a request that nobody has taken. */
inline cancel(slot) {
  atomic { KIND(word[slot]) == READY -> g = word[slot] }
  CLIENT_STEP
    if
#ifdef CANCEL_STORES
    :: word[slot] = WORD(FREE, GENERATION(g) + 1)
#elif defined(CANCEL_KEEPS_GENERATION)
    :: word[slot] == g -> word[slot] = WORD(FREE, GENERATION(g))
    :: else
#else
    :: word[slot] == g -> word[slot] = WORD(FREE, GENERATION(g) + 1)
    :: else
#endif
    fi;
    g = 0
  }
}

/* The entry that leaves the last N when one more is stored: its request may still wait. */
#define LEAVING entry[(last - N) % RING]
inline appendAgain() {
#ifndef NO_APPEND_AGAIN
  do
  :: last >= N && MATCHES(SLOT(LEAVING), LEAVING) ->
     CLIENT_STEP entry[last % RING] = LEAVING; last++ }
#ifdef APPEND_ONCE
     break
#endif
  :: else -> break
  od
#else
  skip
#endif
}

#if N > 2
#define SOME_FREE (KIND(word[0]) == FREE || KIND(word[1]) == FREE || KIND(word[2]) == FREE)
#else
#define SOME_FREE (KIND(word[0]) == FREE || KIND(word[1]) == FREE)
#endif

active proctype Client() {
  byte s = NONE, g, i, last, life;
  do
  :: life == L || next == M -> break
  :: life < L && next < M ->
     atomic { life++; last = tail[0] }
     if :: life > 1 -> cleanUp() :: else fi;
     do
     :: next == M -> goto over
     :: cancel(0)
     :: cancel(1)
#if N > 2
     :: cancel(2)
#endif
     :: next < M && SOME_FREE ->
        atomic {
          if
          :: KIND(word[0]) == FREE -> s = 0
          :: KIND(word[0]) != FREE && KIND(word[1]) == FREE -> s = 1
          :: else -> s = 2
          fi;
          g = GENERATION(word[s])
        }
        CLIENT_STEP word[s] = WORD(READY, g); request[s] = next; next++ }
        appendAgain();
        CLIENT_STEP entry[last % RING] = ENTRY(s, g); last++ }
        CLIENT_STEP tail[0] = last; published[request[s]] = 1 }
        atomic { s = NONE; g = 0 }
     od;
dead:
     atomic { s = NONE; g = 0; i = 0; last = 0 }
  od;
over:
  skip
}

active [V] proctype Server() {
  byte s = NONE, w, at[1], end[1]; bit ok;
  do
  :: takeNew(0);
     if
     :: ok ->
        atomic { assert(word[s] == w); ok = 0; word[s] = WORD(FREE, GENERATION(w)); s = NONE; w = 0 }     /* its client collects the answer */
     :: else ->
        if
        :: at[0] < tail[0]
        :: timeout -> break
        fi
     fi
  od;
  /* Nothing more comes, and no request is left that was published. */
  assert(KIND(word[0]) != READY || !published[request[0]]);
  assert(KIND(word[1]) != READY || !published[request[1]]);
#if N > 2
  assert(KIND(word[2]) != READY || !published[request[2]])
#endif
}
