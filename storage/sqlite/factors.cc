// How second factors were used.
#include <algorithm>

#include "storage/sqlite/sqlite_store_inside.h"
#include "storage/sqlite/write_change.h"

namespace sallyport::storage {

Result<void> ChangeWriter::operator()(const UseFactor& change) {
  const FactorUse& use = change.use;
  TRY(Query write, connection_->query("INSERT INTO factor_uses (user, factor, counter, used_at) VALUES (?, ?, ?, ?)"
                                      " ON CONFLICT (user, factor) DO UPDATE SET counter = excluded.counter,"
                                      " used_at = max(used_at, excluded.used_at) WHERE excluded.counter > counter"
                                      " OR (excluded.counter = 0 AND counter = 0)"));
  write.bind(use.user).bind(use.factor).bind(static_cast<int64_t>(use.counter));
  CHECKED(write.bind(use.used_at).run());
  if (connection_->changed_rows() == 1) return {};
  return fail(Code::kConflict, Side::kStorage, "the factor was used with this counter or a later one");
}

Result<void> ChangeWriter::operator()(const ForgetFactorUses& change) {
  std::vector<RecordId> going;
  {
    TRY(Query read, connection_->query("SELECT factor FROM factor_uses WHERE user = ?"));
    read.bind(change.user);
    for (;;) {
      TRY(const bool more, read.row());
      if (!more) break;
      const auto factor = read.id(0);
      if (factor && std::ranges::find(change.but, *factor) == change.but.end()) going.push_back(*factor);
    }
  }
  for (const RecordId& factor : going) {
    TRY(Query remove, connection_->query("DELETE FROM factor_uses WHERE user = ? AND factor = ?"));
    CHECKED(remove.bind(change.user).bind(factor).run());
  }
  return {};
}

Result<std::vector<FactorUse>> SqliteStore::factor_uses(const UserId& user) {
  TRY(Query read, connection_.query("SELECT factor, counter, used_at FROM factor_uses WHERE user = ?"));
  read.bind(user);
  std::vector<FactorUse> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    if (const auto factor = read.id(0)) out.push_back({*factor, user, read.number(1), read.time(2)});
  }
}

Result<std::vector<UserId>> SqliteStore::users_of_factor(const RecordId& factor) {
  TRY(Query read, connection_.query("SELECT user FROM factor_uses WHERE factor = ?"));
  read.bind(factor);
  std::vector<UserId> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    if (const auto user = read.id(0)) out.push_back(*user);
  }
}

}  // namespace sallyport::storage
