/* The header of a channel: its creator fills it, then stores the magic word. Openers load the magic word first. */
byte magic, field, slots;

active proctype Creator() {
#ifdef MAGIC_FIRST
  magic = 1;
#endif
  if :: goto dead :: skip fi;
  field = 7;
  if :: goto dead :: skip fi;
  slots = 7;
  if :: goto dead :: skip fi;
  magic = 1;
dead:
  skip
}

active proctype Opener() {
  byte ready, read;
#ifdef FIELDS_FIRST
  read = field;
#endif
  ready = magic;
#ifndef FIELDS_FIRST
  read = field;
#endif
  if :: ready -> assert(read == 7 && slots == 7) :: else fi
}
