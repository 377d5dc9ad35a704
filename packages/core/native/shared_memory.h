// Named shared memory as the operating system offers it. Plain C++: nothing here knows Node-API or the meaning of the
// bytes. Implementations: posix/segment.cc, windows/shared_memory.cc.
//
// Object names arrive in the system's own spelling ("/X.1000", "Local\X"), already checked by src/name.ts, in UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "result.h"

namespace memlane {

enum class Access {
  kReadWrite,  // sees the writes of others, and others see its writes
  kRead,       // a write faults
  kCopy,       // a page becomes private to this mapping with the first write to it
};

// The part of the object that is mapped. Without a length: up to the end of the object.
struct View {
  Access access = Access::kReadWrite;
  uint64_t offset = 0;  // any multiple of 8; the implementation rounds down to what the system can map
  std::optional<uint64_t> length;
};

struct CreateOptions {
  std::string name;
  uint64_t length = 0;              // bytes, all reserved before the object appears
  bool persistent = false;          // outlives its last handle (NOT_SUPPORTED on Windows)
  uint32_t mode = 0600;             // POSIX: permission bits, whatever the umask
  std::string security_descriptor;  // Windows: SDDL; empty for the default of the process token
};

struct OpenOptions {
  std::string name;
  bool trust_any_owner = false;           // admit an object that any user owns
  std::vector<uint32_t> trusted_owners;   // POSIX: user ids admitted besides this process's own and root
  std::vector<std::string> trusted_sids;  // Windows: SIDs admitted besides this user, administrators and the system
};

// One handle of an object, and one view. The destructor closes it. The last handle takes the object with it, unless the
// object is persistent. Any thread may call any member except Close().
class Segment {
 public:
  virtual ~Segment() = default;
  virtual uint8_t* data() const = 0;            // the first byte of the view
  virtual size_t view_length() const = 0;       // bytes
  virtual const std::string& name() const = 0;  // of the object, in the system's own spelling
  // Where the object lies: the path of its file on POSIX systems, otherwise its name.
  virtual const std::string& path() const { return name(); }
  virtual intptr_t handle() const = 0;         // descriptor or HANDLE of the object; -1 once closed
  virtual uint64_t object_length() const = 0;  // bytes; on Windows an opener sees whole pages
  // Gives a created object its name, if creating did not (POSIX). Until then no other process can find it.
  virtual std::optional<Failure> Publish() { return std::nullopt; }
  virtual void Close() = 0;  // unmaps the view, then releases the object; a second call does nothing

  // A JavaScript heap may admit no foreign memory, but allocate whole pages of its own. The view can move onto those.
  // Bytes of the pages that the view then takes; 0 if this system cannot replace single pages.
  virtual size_t pages_length() const { return 0; }
  // Replaces the pages by the view, and unmaps the view where it was. data() then lies in the pages. They stay the
  // heap's: Close() leaves them as they are. After a failure they are fresh: private and zero.
  virtual std::optional<Failure> MoveOnto(void*, size_t) { return Failure{"NOT_SUPPORTED", "mmap", 0, ""}; }
  // Replaces all pages that MoveOnto was given by fresh ones. Returns false if the system cannot. Call it only while
  // the heap's pages are sure to live.
  virtual bool ClearPages() { return false; }
};

struct SegmentInfo {
  std::string name;                 // in the system's own spelling
  std::optional<uint64_t> length;   // POSIX: bytes
  std::string owner;                // POSIX: user id
  std::optional<uint32_t> mode;     // POSIX: permission bits
  std::optional<uint32_t> holders;  // open handles, if the system tells
  std::vector<uint32_t> pids;       // the processes that hold them, if the system tells
  bool counted = false;             // goes with its last handle (false: stays until unlinked)
};

// Exclusive: ALREADY_EXISTS, here or from Publish(), if an object that is alive has the name. The caller fills the
// view, then calls Publish().
Result<std::unique_ptr<Segment>> CreateSegment(const CreateOptions& options, const View& view);

// Never creates, and never needs the right to create. NOT_FOUND for an object whose holders have all died.
Result<std::unique_ptr<Segment>> OpenSegment(const OpenOptions& options, const View& view);

// Removes the name of a persistent or foreign object. Not on Windows.
Result<bool> UnlinkSegment(const std::string& name);

// The objects that exist now. Leaves orphans out, and removes them.
Result<std::vector<SegmentInfo>> ListSegments();

}  // namespace memlane
