// Maps a view over pages that another owner has allocated. POSIX only: the system replaces pages one by one.
#pragma once

#include <cstddef>
#include <optional>

#include "../shared_memory.h"
#include "descriptor.h"

namespace memlane {

// Replaces the first pages by `length` bytes of the file, from the page in which the view begins. After a failure the
// pages are fresh: private and zero.
std::optional<Failure> MapOver(void* pages, size_t pages_length, const Descriptor& descriptor, const View& view,
                               size_t length);

// Replaces pages by fresh ones. Returns false if the system cannot.
bool MapFresh(void* pages, size_t length);

}  // namespace memlane
