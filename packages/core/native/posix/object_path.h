// Where the files of objects lie. One implementation per system: linux/object_path.cc, macos/object_path.cc.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "../result.h"

namespace memlane {

// The path of the file of an object. NOT_SUPPORTED if the system does not tell where such objects lie.
Result<std::string> PathOf(const std::string& name);

// The folders that hold objects. Fails as PathOf.
Result<std::vector<std::string>> ObjectFolders();

// Whether the file of that path can be an object: its folder may have other files.
bool IsObject(const std::string& path, const struct stat& status);

// The reverse of PathOf.
std::string NameAt(const std::string& path);

// NOT_SUPPORTED: the folder of objects does not exist.
Failure MissingFolder(const char* syscall, const std::string& folder);

inline std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
inline std::string FileOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace memlane
