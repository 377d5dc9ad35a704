/*
 * overflow "overwrite": a lane of W words whose producer never waits, and a reader that copies a record and then checks whether it has
 * stayed. Two producers hold the lane in turn, and may die at any step. A record takes two words, commit word and payload; the 0
 * behind it takes one more. So with an odd W, a reader that was overtaken finds payloads where it expects commit words. The base is
 * stored as a whole, but can be loaded by halves: LOW counts to H. A store is one step, and all processes see stores in order. The
 * reader begins at the oldest record, at the latest end, or before the first message was sent. The macros other than W, N and H are
 * mutations.
 */
#ifndef W
#define W 3
#endif
#ifndef N
#define N 4
#endif
#ifndef H
#define H 2
#endif
#define ROOM ((W - 1) / 2)          /* records that fit, with the 0 behind */
#define HEADER(r) mem[(2 * (r)) % W]
#define PAYLOAD(r) mem[(2 * (r) + 1) % W]
#define COMMITTED 1
#define CONTENT(r) ((r) + 2)    /* neither 0 nor COMMITTED */
#define UNKNOWN 255
#define LOW(position) ((position) % H)
#define HIGH(position) ((position) / H)
#define MAY_DIE if :: goto dead :: skip fi

byte mem[W];
byte base;
byte end;
byte sequence;
bit writing;                    /* the lease */
byte published;                 /* observer */

#ifdef TWO_STORES
byte low, high;
#define BASE (low + high * H)
#define BASE_LOW low
#define BASE_HIGH high
#define ANNOUNCE(position) low = LOW(position); high = HIGH(position)
#else
#define BASE base
#define BASE_LOW LOW(base)
#define BASE_HIGH HIGH(base)
#define ANNOUNCE(position) base = position
#endif

active [2] proctype Producer() {
  byte at, number, start, wanted;
  atomic { !writing -> writing = 1 }
  /* starts at the recent end, or at the base; then goes behind the last whole message */
  start = BASE;
  at = end;
  if :: at >= start && at <= start + ROOM :: else -> at = start fi;
  number = sequence;
  do
  :: HEADER(at) == COMMITTED -> number = PAYLOAD(at) - 1; at++
  :: else -> break
  od;
  assert(at == published && number == at);
  do
  :: at == N -> break
  :: at < N ->
     wanted = BASE;
     if
     :: at - wanted >= ROOM ->
        wanted = at - ROOM + 1;
#ifndef NO_END
#ifdef END_BEFORE_SEQUENCE
        end = at;
        MAY_DIE;
        sequence = number;
#else
        sequence = number;
        MAY_DIE;
        end = at;
#endif
        MAY_DIE;
#endif
#ifndef ANNOUNCE_LATE
        ANNOUNCE(wanted);
#endif
        MAY_DIE
     :: else
     fi;
#ifdef COMMIT_FIRST
     HEADER(at) = COMMITTED;
#endif
     PAYLOAD(at) = CONTENT(number);
     MAY_DIE;
#ifdef ZERO_LATE
     atomic { HEADER(at) = COMMITTED; published++ }
     MAY_DIE;
     HEADER(at + 1) = 0;
#else
#ifndef NO_ZERO
     HEADER(at + 1) = 0;
#endif
     MAY_DIE;
     atomic { HEADER(at) = COMMITTED; published++ }
#endif
     at++;
     number++;
#ifdef ANNOUNCE_LATE
     if :: wanted > base -> base = wanted :: else fi;
#endif
     MAY_DIE
  od;
dead:
  atomic { writing = 0; start = 0; wanted = 0 }
}

inline goToBase() {
#ifdef BASE_BY_HALVES
  atomic { at = BASE_LOW; low_ = 0 };
  at = at + BASE_HIGH * H
#else
  at = BASE
#endif
}

/* Sets `stayed`: whether the record at `at` has stayed whole until now. */
inline hasStayed() {
#ifdef HIGH_FIRST
  high_ = BASE_HIGH;
  low_ = BASE_LOW;
#else
  low_ = BASE_LOW;
  high_ = BASE_HIGH;
#endif
  if
  :: high_ == HIGH(at) && low_ <= LOW(at) -> stayed = 1
  :: else -> wide = BASE; stayed = (wide <= at); wide = 0
  fi;
  low_ = 0; high_ = 0
}

active proctype Reader() {
  byte at, commit, copy, expected = UNKNOWN, lost, low_, high_, wide, seen; bit stayed;
  if
  :: goToBase()                                    /* from the oldest */
  :: atomic { published == 0 -> expected = 0 }     /* before the lane was used */
     goToBase();
  :: /* from now: the recent end, and the number of the next message, if that is the end */
     goToBase();
     seen = end;
     wide = BASE;   /* loaded again, and before `end`: as recentEndOf does */
     seen = end;
     if :: seen < wide || seen > wide + ROOM -> seen = wide :: else fi;
     if :: seen > at && seen <= at + ROOM -> at = seen :: else fi;
     wide = BASE;
     seen = end;
     if :: seen < wide || seen > wide + ROOM -> seen = wide :: else fi;
     wide = 0;
     if
     :: seen == at ->
        seen = sequence;
        if
        :: HEADER(at) == 0 -> hasStayed(); if :: stayed -> expected = seen; assert(expected == at) :: else fi
        :: else
        fi
     :: else
     fi;
     stayed = 0; seen = 0
  fi;
  do
  :: /* one attempt */
#ifdef PAYLOAD_FIRST
     copy = PAYLOAD(at);
     commit = HEADER(at);
#else
#ifdef BASE_BEFORE_COPY
     commit = HEADER(at);
     hasStayed();
     copy = PAYLOAD(at);
#else
     commit = HEADER(at);
     if :: commit == 0 :: else -> copy = PAYLOAD(at) fi;
#endif
#endif
#ifndef BASE_BEFORE_COPY
#ifdef NO_BASE_CHECK
     stayed = 1;
#else
     hasStayed();
#endif
#endif
     if
     :: !stayed -> goToBase()
     :: stayed && commit == 0 -> if :: atomic { HEADER(at) == 0 -> assert(published <= at || BASE > at) } :: else fi; break
     :: stayed && commit != 0 ->
        atomic {
          assert(commit == COMMITTED && copy == CONTENT(at));   /* whole, and the expected one */
          if :: expected != UNKNOWN -> lost = lost + (copy - 2 - expected) :: else fi;
          expected = copy - 1;
          at++
        }
     fi;
     atomic { stayed = 0; commit = 0; copy = 0 }
  :: at == N -> break
  od
}
