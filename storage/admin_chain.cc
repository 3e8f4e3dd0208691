#include "storage/admin_chain.h"

#include "storage/length_prefixed.h"

namespace sallyport::storage {
namespace {
constexpr size_t kPage = 1000;
}

Sha256 admin_chain_start(const RecordId& installation) {
  return sha256({as_bytes("sallyport/v1/admin-chain"), installation.view()});
}

Sha256 admin_event_hash(const Sha256& previous, uint64_t seq, const AdminEvent& event) {
  LengthPrefixed entry;
  entry.add(seq)
      .add(static_cast<uint64_t>(count(event.at)))
      .add(event.action)
      .add(event.actor)
      .add(event.object)
      .add(event.client)
      .add(event.detail);
  return sha256({previous, entry.bytes()});
}

Result<ChainVerdict> verify_admin_chain(Store& store) {
  // The head first: entries that are added while we read only make the chain longer.
  TRY(const ChainHead head, store.admin_chain_head());
  TRY(const Installation installation, store.installation());
  ChainHead at{0, admin_chain_start(installation.id)};
  const auto broken = [&](uint64_t seq, const char* reason) { return ChainVerdict{at.seq, seq, reason}; };
  while (at.seq < head.seq) {
    TRY(const std::vector<ChainedAdminEvent> page, store.admin_events(at.seq, kPage));
    if (page.empty()) return broken(at.seq + 1, "entries are missing at the end");
    for (const ChainedAdminEvent& entry : page) {
      if (entry.seq != at.seq + 1) return broken(at.seq + 1, "entry is missing");
      if (entry.previous != at.hash) return broken(entry.seq, "entry does not follow the one before");
      const Sha256 hash = admin_event_hash(at.hash, entry.seq, entry.event);
      if (entry.hash != hash) return broken(entry.seq, "entry was changed");
      at = {entry.seq, hash};
      if (at.seq == head.seq && at.hash != head.hash) return broken(entry.seq, "the chain ends in another entry");
    }
  }
  if (head.seq == 0) {
    TRY(const auto stray, store.admin_events(0, 1));
    TRY(const ChainHead again, store.admin_chain_head());
    if (!stray.empty() && again.seq == 0) return broken(1, "there are entries behind the end of the chain");
  }
  return ChainVerdict{at.seq, std::nullopt, ""};
}

}  // namespace sallyport::storage
