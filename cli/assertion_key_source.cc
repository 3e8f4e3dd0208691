#include "cli/assertion_key_source.h"

#include <algorithm>

namespace sallyport::cli {
namespace {

// What stands beside the sealed text decides nothing.
bool same(const storage::NamedKeyRecord& a, const storage::NamedKeyRecord& b) {
  return a.id == b.id && a.sealed == b.sealed;
}

}  // namespace

std::shared_ptr<const sso::AssertionKeys> AssertionKeySource::look_at(
    const std::vector<storage::NamedKeyRecord>& records, WallMicros now) {
  if (std::ranges::equal(records, seen_, same)) return nullptr;
  seen_ = records;
  const sso::OpenedKeys opened = sso::open_assertion_keys(keyring_, records);
  for (const RecordId& id : opened.refused) refused_.tell_of_key(id, sso::kAssertionKeyPurpose, now);
  auto made = sso::AssertionKeys::make(issuer_, opened.keys);
  if (made) return *std::move(made);
  log_.error("keys_refused", {{"reason", made.error().what}});
  return nullptr;
}

}  // namespace sallyport::cli
