/** Both sides know the size: on Windows, the memory that a reader maps is rounded up to whole pages. */
export const WIDTH = 64
export const HEIGHT = 48
