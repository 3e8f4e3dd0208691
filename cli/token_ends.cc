#include "cli/token_ends.h"

#include "base/time_text.h"

namespace sallyport::cli {

void TokenEnds::look(const policy::Snapshot& snapshot, WallMicros now) {
  constexpr int64_t kMicrosOfDay = std::chrono::microseconds(std::chrono::days(1)).count();
  const int64_t today = count(now) / kMicrosOfDay;
  std::map<RecordId, int64_t> told;
  for (const storage::TokenEnd& end : tokens_.look_for_ends(now, now + kSoon)) {
    told.emplace(end.id, today);
    const auto before = told_.find(end.id);
    if (before != told_.end() && before->second == today) continue;
    const policy::CompiledUser* const owner = snapshot.user(end.user);
    log_.warning("token_ends_soon", {{"token", end.id.to_string()},
                                     {"name", end.name},
                                     {"owner", owner ? owner->name : end.user.to_string()},
                                     {"ends", show_time(end.ends_at)}});
  }
  told_ = std::move(told);
}

}  // namespace sallyport::cli
