/*
 * Latest: one key with K cells. Two writers hold it in turn, and may die at any step. Nobody waits for anybody.
 *
 *   CellWriter.publish    fills the cell after the newest one (two words, and the upper half of the version), then stores the lower half
 *                         of the version: publishVersion, whose load of the mask of sleepers is a fence
 *   CellReader.begin      loads the lower half, then the upper half from that cell
 *   CellReader.copyTo     copies the cell
 *   CellReader.isWhole    loads the lower half again: the copy is whole unless the writer may have come back to that cell
 *
 * The lower half wraps at V, a multiple of K. Version 0 means "never set". With WEAK, a writer's plain stores may become visible before
 * its earlier version store (as on arm64): the version waits in a store buffer. It leaves the buffer at any time, at the fence, and at a
 * death. The macros other than K, U, V, START and WEAK are mutations.
 */
#ifndef K
#define K 4
#endif
#ifndef U
#define U 6                     /* updates in all */
#endif
#ifndef V
#define V 64
#endif
#ifndef START
#define START 0                 /* the version at the beginning: its value is 0 */
#endif
#ifdef LIMIT_TOO_LARGE
#define LIMIT K
#else
#define LIMIT (K - 1)
#endif
#ifdef SKIP_ZERO
#define LOW(n) (START + (n) >= V -> (START + (n) + 1) % V : START + (n))
#else
#define LOW(n) ((START + (n)) % V)
#endif
#define HIGH(n) ((START + (n)) / V)
#define CELL(low) ((low) % K)
#define MAY_DIE if :: atomic { deaths < 1 -> deaths++; goto dead } :: skip fi

byte version = START;
byte x[K], y[K], high[K];       /* values are numbers of updates, from 0 on */
bit writing;                    /* the lease */
byte deaths, updates, visible;  /* observers: updates begun in all, and those that readers can see */

#ifdef WEAK
#define EMPTY 255
byte buffered = EMPTY;
#define PUBLISH(low) atomic { buffered == EMPTY -> buffered = low }     /* version stores stay in order */
#define FENCE buffered == EMPTY
active proctype Processor() {
end:
  do
  :: atomic { buffered != EMPTY -> version = buffered; buffered = EMPTY; visible++ }
  od
}
#else
#define PUBLISH(low) atomic { version = low; visible++ }
#define FENCE skip
#endif

active [2] proctype Writer() {
  byte n;
#ifdef OUTDATED
  n = visible;
#endif
  atomic { !writing -> writing = 1 }
  FENCE;                        /* the kernel has made a dead writer's stores visible */
#ifndef OUTDATED
  n = visible;                  /* loadOwn */
#endif
  do
  :: updates == U -> break
  :: updates < U ->
     atomic { updates++; n++ }
     MAY_DIE;
#ifdef VERSION_FIRST
     PUBLISH(LOW(n));
#endif
     x[CELL(LOW(n))] = n;
     MAY_DIE;
     y[CELL(LOW(n))] = n;
     MAY_DIE;
#ifndef HIGH_LATE
     high[CELL(LOW(n))] = HIGH(n);
     MAY_DIE;
#endif
#ifndef VERSION_FIRST
     PUBLISH(LOW(n));
#endif
#ifdef HIGH_LATE
     high[CELL(LOW(n))] = HIGH(n);
#endif
#ifndef NO_FENCE
     FENCE
#endif
  od;
dead:
  atomic { writing = 0; n = 0 }
}

active proctype Reader() {
  byte floor, low, upper, now, a, b;
  do
  :: floor = visible;
#ifdef COPY_FIRST
     a = x[CELL(version)];
#endif
     low = version;
     upper = high[CELL(low)];
     if
     :: low == 0 && upper == 0 -> assert(START == 0 && floor == 0)      /* never set */
     :: else ->
#ifndef COPY_FIRST
        a = x[CELL(low)];
#endif
#ifdef CHECK_FIRST
        now = version;
#endif
        b = y[CELL(low)];
#ifndef CHECK_FIRST
        now = version;
#endif
        if
#ifdef NO_CHECK
        :: false
#else
        :: (now + V - low) % V >= LIMIT         /* overtaken */
#endif
        :: else -> assert(a == b && START + a == low + upper * V && a >= floor)
        fi
     fi;
     atomic { floor = 0; low = 0; upper = 0; now = 0; a = 0; b = 0 }
  :: break
  od
}
