/*
 * A struct with version words (a pair by default, or a SEQUENCE) and two words of content. Two writers in turn make up to U updates
 * each, and may die at any step. There is one reader. A store is one step, and all processes see stores in order. The mutations move
 * accesses.
 */
#ifndef U
#define U 2
#endif
#define MAY_DIE if :: goto dead :: skip fi
#ifdef SEQUENCE
#define BEGIN version
#define END version
#else
#define BEGIN begin
#define END version
#endif

byte begin, version, x, y;
byte value;          /* observer: the value of the last update that has begun */
byte complete;       /* observer: the value of the last update that has ended */
bit writing;

active [2] proctype Writer() {
  byte inside, updates;
  atomic { !writing -> writing = 1 }
  do
  :: updates == U -> break
  :: else ->
#ifdef OUTDATED
     inside = 0;
#else
     inside = BEGIN;
#endif
#ifdef SEQUENCE
     inside = (inside + 1) | 1;
#else
     inside++;
#endif
     atomic { value++; updates++ }
#ifndef WRITE_FIRST
     BEGIN = inside;
     MAY_DIE;
#endif
#ifdef END_FIRST
#ifdef SEQUENCE
     END = inside + 1;
#else
     END = inside;
#endif
#endif
     x = value;
     MAY_DIE;
#ifdef WRITE_FIRST
     BEGIN = inside;
     MAY_DIE;
#endif
     y = value;
     MAY_DIE;
#ifndef END_FIRST
#ifdef SEQUENCE
     atomic { END = inside + 1; complete = value }
#else
     atomic { END = inside; complete = value }
#endif
#endif
     inside = 0
  od;
dead:
  atomic { writing = 0; inside = 0 }
}

active proctype Reader() {
  byte before, after, copyX, copyY, floor;
  do
  :: floor = complete;
#ifdef COPY_FIRST
     copyX = x;
#endif
     before = END;
#ifndef COPY_FIRST
     copyX = x;
#endif
#ifdef CHECK_FIRST
     after = BEGIN;
     copyY = y;
#else
     copyY = y;
     after = BEGIN;
#endif
     if
#ifdef SEQUENCE
     :: before == after && before % 2 == 0 -> assert(copyX == copyY && copyX >= floor)
#else
     :: before == after -> assert(copyX == copyY && copyX >= floor)
#endif
     :: else
     fi;
     atomic { before = 0; after = 0; copyX = 0; copyY = 0; floor = 0 }
  :: break
  od
}
