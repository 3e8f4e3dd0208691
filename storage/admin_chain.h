// The chain of administrative events: each entry's hash covers the entry and the hash before it, the first one's the
// installation. Whoever edits, removes or slips in an entry breaks the chain at that place.
//   hash = SHA-256(previous | length-prefixed seq, at, action, actor, object, client, detail)
#pragma once

#include "storage/store.h"

namespace sallyport::storage {

Sha256 admin_chain_start(const RecordId& installation);
Sha256 admin_event_hash(const Sha256& previous, uint64_t seq, const AdminEvent& event);

struct ChainVerdict {
  uint64_t entries = 0;                // that fit, from the first on
  std::optional<uint64_t> broken_seq;  // the first that does not
  std::string reason;
};
// Reads the whole chain, a page at a time.   errors: the store's.
Result<ChainVerdict> verify_admin_chain(Store& store);

}  // namespace sallyport::storage
