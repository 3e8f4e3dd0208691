// Writes what the ring holds to the ends of its segments. One thread at a time.
#pragma once

#include <mutex>

#include "storage/audit_chain_writer.h"

namespace sallyport::storage::audit {

// Full segments first, each synced before the next one is begun on the disk; the current one is not synced. Those who
// record go on meanwhile.   mutex: the log's, taken for what is shared with them.
// returns: false when a write or a sync failed: what the segments hold is unknown then, and the ring keeps it.
bool copy_to_segments(Ring& ring, const Undrained& undrained, std::mutex& mutex);

}  // namespace sallyport::storage::audit
