// Calls that POSIX systems spell differently. They return 0, or -1 and set errno. One implementation per system:
// linux/file_calls.cc, macos/file_calls.cc.
#pragma once

#include <string>

namespace memlane {

// The calls that RenameIfFree and MakeFifo make, for errors.
extern const char kRenameIfFree[];
extern const char kMakeFifo[];

// Renames a file or a folder. EEXIST if the new name is taken.
int RenameIfFree(int from_folder, const std::string& from, int to_folder, const std::string& to);

// Makes a FIFO, for this user only, in an open folder. `path` is the folder's path.
int MakeFifo(int folder, const std::string& path, const std::string& name);

// Keeps a system that removes old files from removing an object that is not counted, while the descriptor is open.
// (The locks of counted objects do that.)
void KeepFromCleaner(int object);

}  // namespace memlane
