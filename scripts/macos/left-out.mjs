// The tests that do not run on the macOS folder of the addon, each with the reason. `file` and `title` are parts of the test's
// path and of its full title.

export const leftOut = [
  { file: 'core/test/windows', reason: 'It is about Windows.' },
  { title: 'has no unlink if memory always goes with its last handle', reason: 'It is about Windows.' },
  {
    file: 'core/test/linux-surroundings',
    reason: 'It is about file systems at /dev/shm, /proc and control groups, which only Linux has.',
  },
  { file: 'consumer/test/read-only-folder', reason: 'It makes /dev/shm read-only.' },
  {
    file: 'core/test/heap-pages',
    reason: 'It looks for the memory in /proc/self/maps, by the name that it has in /dev/shm.',
  },
  { title: 'needs no reading of /dev/shm', reason: 'It counts readings of /dev/shm.' },
  {
    title: 'a slot whose files were removed from outside',
    reason: 'On macOS a lease is a lock on a file of the folder: without the file, the slot is free.',
  },
  {
    title: 'checks again by itself when no peer rings',
    reason: 'macOS has no barrier for other processes, so every participant publishes with a fence and rings.',
  },
  { title: 'of a program that calls shm_open', reason: 'It needs Python 3.' },
]
