/*
 * A slot on a CPU with weak order (arm64): one producer with N slots, a ring of 2N entries, M messages; C consumers. Nobody dies or
 * sleeps (queue.pml).
 *
 *   SlotWriter.append       plain stores: payload, word, entry. Each may become visible at any time, in any order
 *   publishTail             becomes visible after all stores before it. Later stores may become visible first, but for its load of the mask
 *                           of sleepers, which waits for the store and is waited for by all that follows: a fence
 *   loadTail, loadSlot      ordered loads: what follows is read after them
 *   changeSlot              the take, and the acknowledgement: the payload was read before it
 *   MessageRecall.takeBack  with BACKS: changeSlot, as above; later stores become visible after it
 *   TakenMessages.isTaken   with AWAY: a fence behind the copy, then the word is loaded again
 *
 * A consumer's loads are steps of its own. Where an order is dropped, the load moves to where the CPU could do it. The macros other than
 * N, M, C, AWAY and BACKS are mutations. NO_FENCE alone is none, and must hold: the check of the lap is strict enough without the fence.
 */
#ifndef N
#define N 2
#endif
#ifndef M
#define M 5
#endif
#ifndef C
#define C 2
#endif
#ifndef AWAY
#define AWAY 0          /* messages taken away from a consumer that is slow, in all */
#endif
#ifndef BACKS
#define BACKS 0         /* messages that the producer takes back, in all */
#endif
#define RING (2 * N)
#define G 8
#define FREE 0
#define READY 1
#define TAKEN 2
#define RETURNED 3
#define WORD(kind, owner, generation) ((kind) + 4 * (owner) + 16 * (generation))
#define KIND(w) ((w) & 3)
#define GENERATION(w) ((w) >> 4)
#define ENTRY(slot, generation) ((slot) + 4 * (generation))
#define NONE 255
#ifdef LAP_OF_RING
#define OVERWRITTEN (end - at >= RING)
#else
#define OVERWRITTEN (end - at > N)
#endif

/* shared memory, as all see it */
byte word[N], payload[N], entry[RING] = NONE, tail, hint;
/* the producer's store buffer */
byte payloadLater[N] = NONE, wordLater[N] = NONE, entryLater[RING] = NONE, tailLater = NONE;
#if N == 1
#define PLAIN_VISIBLE (payloadLater[0] == NONE && wordLater[0] == NONE && entryLater[0] == NONE && entryLater[1] == NONE)
#else
#define PLAIN_VISIBLE (payloadLater[0] == NONE && wordLater[0] == NONE && payloadLater[1] == NONE && wordLater[1] == NONE && \
  entryLater[0] == NONE && entryLater[1] == NONE && entryLater[2] == NONE && entryLater[3] == NONE)
#endif
/* observers */
byte message[N];
bit done[M];
byte firsts, aways;
#if BACKS > 0
byte backs;
#endif
#define FIRST_CONSUMER 2        /* after Processor and Producer */

active proctype Processor() {
end:
  do
  :: atomic { payloadLater[0] != NONE -> payload[0] = payloadLater[0]; payloadLater[0] = NONE }
  :: atomic { wordLater[0] != NONE -> word[0] = wordLater[0]; wordLater[0] = NONE }
#if N > 1
  :: atomic { payloadLater[1] != NONE -> payload[1] = payloadLater[1]; payloadLater[1] = NONE }
  :: atomic { wordLater[1] != NONE -> word[1] = wordLater[1]; wordLater[1] = NONE }
#endif
  :: atomic { entryLater[0] != NONE -> entry[0] = entryLater[0]; entryLater[0] = NONE }
  :: atomic { entryLater[1] != NONE -> entry[1] = entryLater[1]; entryLater[1] = NONE }
#if N > 1
  :: atomic { entryLater[2] != NONE -> entry[2] = entryLater[2]; entryLater[2] = NONE }
  :: atomic { entryLater[3] != NONE -> entry[3] = entryLater[3]; entryLater[3] = NONE }
#endif
  :: atomic { tailLater != NONE -> tail = tailLater; tailLater = NONE }
  od
}

#if BACKS > 0
#define IS_OLDEST(s) (KIND(word[s]) == READY && message[s] == firsts && tail > firsts)
/* Takes back the oldest message that nobody has taken. */
inline takeBack() {
  if
  :: atomic {
       if
       :: backs < BACKS && IS_OLDEST(0) -> s = 0
#if N > 1
       :: backs < BACKS && IS_OLDEST(1) -> s = 1
#endif
       fi;
       backs++; g = word[s]
     }
#ifdef FILL_BEFORE_BACK
     payload[s] = sent + 1;       /* the next payload becomes visible before the word changes */
#endif
     atomic {
       PLAIN_VISIBLE && tailLater == NONE;
       if
       :: word[s] == g -> word[s] = WORD(FREE, 0, (GENERATION(g) + 1) % G); done[firsts] = 1; firsts++
       :: else
       fi;
       s = 0; g = 0
     }
  :: skip
  fi
}
#endif

active proctype Producer() {
  byte s, g, sent;
  do
  :: sent == M -> break
  :: sent < M ->
#if BACKS > 0
     takeBack();
#endif
#ifdef FILL_FIRST
     /* the payload becomes visible before the word was loaded */
     if
     :: s = 0
#if N > 1
     :: s = 1
#endif
     fi;
     payload[s] = sent + 1;
     atomic { wordLater[s] == NONE && KIND(word[s]) == FREE -> g = GENERATION(word[s]) }
#else
     atomic {
       if
       :: wordLater[0] == NONE && KIND(word[0]) == FREE -> s = 0
#if N > 1
       :: wordLater[1] == NONE && KIND(word[1]) == FREE -> s = 1
#endif
       fi;
       g = GENERATION(word[s])
     }
     atomic { payloadLater[s] == NONE -> payloadLater[s] = sent + 1 }
#endif
     atomic { wordLater[s] = WORD(READY, 0, g); message[s] = sent }
     atomic { entryLater[sent % RING] == NONE -> entryLater[sent % RING] = ENTRY(s, g) }
     atomic { s = 0; g = 0; sent++ }
#ifdef PLAIN_TAIL
     atomic { tailLater == NONE -> tailLater = sent }
#else
     atomic { tailLater == NONE && PLAIN_VISIBLE -> tailLater = sent }
#endif
#ifndef NO_FENCE
     tailLater == NONE
#endif
  od
}

inline start() {
  if :: at + N < end -> at = end - N :: else fi;
  if :: hint > at && hint <= end -> at = hint :: else fi
}

/* compareExchange: `w` becomes taken by this consumer. Sets `ok`. */
inline take() {
  if
  :: word[s] == w ->
     id = message[s];
     if :: KIND(w) == READY -> assert(id == firsts); firsts++ :: else fi;     /* first deliveries come in order */
     w = WORD(TAKEN, _pid - FIRST_CONSUMER, (GENERATION(w) + 1) % G); word[s] = w; ok = 1
  :: else
  fi
}

active [C] proctype Consumer() {
  byte at, end, w, s, id, copy; bit ok;
again:
  do
  :: at < tail ->
     /* RingCursor.take */
     atomic { if :: hint > at -> at = (hint < end -> hint : end) :: else fi }
     if
     :: at == end ->
#ifdef ENTRY_FIRST
        w = entry[at % RING];
#endif
        end = tail;
        atomic { start() }
     :: else
     fi;
     if
     :: at < end ->
#ifdef ENTRY_FIRST
        if :: w == 0 -> w = entry[at % RING] :: else fi;
#else
        w = entry[at % RING];
#endif
        atomic {
          s = w & 3;
          if
          :: w != NONE && word[s] == WORD(READY, 0, w / 4) -> w = word[s]; ok = 1
          :: else -> at++
          fi
        }
        if
        :: ok ->
           ok = 0;
           end = tail;
           if
           :: OVERWRITTEN -> atomic { start() }
           :: else ->
              atomic { take(); at++ }
              if :: ok -> hint = at :: else fi
           fi
        :: else
        fi
     :: else
     fi;
     goto taken
#if AWAY > 0
  :: /* takes a message away from a consumer that is slow */
     atomic { aways < AWAY && KIND(word[0]) == TAKEN -> aways++; word[0] = WORD(RETURNED, 0, GENERATION(word[0])) }
#if N > 1
  :: atomic { aways < AWAY && KIND(word[1]) == TAKEN -> aways++; word[1] = WORD(RETURNED, 0, GENERATION(word[1])) }
#endif
  :: atomic {
       if
       :: KIND(word[0]) == RETURNED -> s = 0
#if N > 1
       :: KIND(word[1]) == RETURNED -> s = 1
#endif
       fi;
       w = word[s]; take()
     }
     goto taken
#endif
  :: timeout -> break
  od;
  atomic {
    assert(tail == M && firsts == M);
    s = 0;
    do :: s < M -> assert(done[s]); s++ :: else -> break od;
    goto over
  }
taken:
  if
  :: ok ->
     ok = 0;
#ifdef CHECK_BEFORE_COPY
     ok = (word[s] == w);
     copy = payload[s];
#else
#ifndef PAYLOAD_AFTER_ACK
     copy = payload[s];
#endif
#if AWAY > 0
     ok = (word[s] == w);         /* only then it is handed out */
#else
     ok = 1;
#endif
#endif
#ifndef PAYLOAD_AFTER_ACK
     if :: ok -> assert(copy == id + 1) :: else fi;       /* its own message: neither the last nor the next one of its slot */
#endif
     atomic {
       if
       :: word[s] == w -> word[s] = WORD(FREE, 0, GENERATION(w)); assert(!done[id]); done[id] = 1
       :: else -> assert(aways > 0)
       fi
     }
#ifdef PAYLOAD_AFTER_ACK
     copy = payload[s];
     assert(copy == id + 1);
#endif
     ok = 0
  :: else
  fi;
  atomic { w = 0; s = 0; id = 0; copy = 0; goto again }
over:
  skip
}
