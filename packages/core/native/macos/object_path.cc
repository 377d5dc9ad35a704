// Objects are files, because flock does not work on what shm_open makes, and its names have at most 31 bytes. The
// objects of this user lie in the user's own temporary folder, which no other user can read:
//
//   /X.501   /var/folders/…/T/memlane.X.501
//   /X       /var/tmp/memlane.X
//
// All users may write to /var/tmp, and only a file's owner can remove the file, as in /dev/shm on Linux. The system
// does not clean it, unlike /tmp. It cleans the temporary folder: see KeepFromCleaner in file_calls.h.

#include "../posix/object_path.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

namespace memlane {
namespace {

constexpr char kSharedFolder[] = "/var/tmp";
constexpr char kPrefix[] = "memlane.";

// No other folder takes its place: processes that know it would not find the objects there.
Result<std::string> OwnFolder() {
  char path[PATH_MAX];
  const size_t length = confstr(_CS_DARWIN_USER_TEMP_DIR, path, sizeof path);
  if (length == 0 || length > sizeof path) {
    return Failure{
        "NOT_SUPPORTED", "confstr", length == 0 ? errno : ENAMETOOLONG,
        "the system does not tell this user's temporary folder; names that begin with Global\\ work without it"};
  }
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

// src/name.ts gives this ending to names without the prefix Global\.
bool IsOwn(const std::string& name) {
  const std::string ending = '.' + std::to_string(getuid());
  return name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

}  // namespace

Result<std::string> PathOf(const std::string& name) {
  const auto folder = IsOwn(name) ? OwnFolder() : std::string(kSharedFolder);
  if (!folder.ok()) return folder;
  return folder.value() + '/' + kPrefix + FileOf(name);
}

Result<std::vector<std::string>> ObjectFolders() {
  const auto own = OwnFolder();
  if (!own.ok()) return own.failure();
  return std::vector<std::string>{own.value(), kSharedFolder};
}

bool IsObject(const std::string& path, const struct stat&) {
  if (FileOf(path).rfind(kPrefix, 0) != 0) return false;
  const auto expected = PathOf(NameAt(path));
  return expected.ok() && expected.value() == path;
}

std::string NameAt(const std::string& path) { return '/' + FileOf(path).substr(sizeof kPrefix - 1); }

Failure MissingFolder(const char* syscall, const std::string& folder) {
  return Failure{"NOT_SUPPORTED", syscall, ENOENT, "the folder " + folder + " is missing"};
}

}  // namespace memlane
