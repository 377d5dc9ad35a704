#include "../posix/at_exit.h"

#include <stdlib.h>

namespace memlane {

// Bun ends by quick_exit(), the other runtimes by exit().
void AtExit(void (*function)()) {
  atexit(function);
  at_quick_exit(function);
}

}  // namespace memlane
