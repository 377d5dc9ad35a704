#include "../posix/at_exit.h"

#include <stdlib.h>

namespace memlane {

// macOS has no quick_exit(): all runtimes end by exit().
void AtExit(void (*function)()) { atexit(function); }

}  // namespace memlane
