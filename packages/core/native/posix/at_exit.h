#pragma once

namespace memlane {

// Calls the function when the process ends by itself, or when the addon is unloaded. A kill does not call it.
void AtExit(void (*function)());

}  // namespace memlane
