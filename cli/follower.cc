#include "cli/follower.h"

#include <algorithm>
#include <future>

#include "storage/resource_service.h"

namespace sallyport::cli {
namespace {

constexpr size_t kQueueMax = 128;  // more than there are conversations

struct News {
  storage::ResourceChanges resources;
  storage::RevocationsSince revocations;
  std::vector<storage::NamedKeyRecord> assertion_keys;  // all of them, if anything is new at all
};

// All of it on the store's own thread, so that nothing is committed by this process in between.
Result<News> read_news(storage::StoreThread& store, storage::Generation since) {
  std::promise<Result<News>> promise;
  auto future = promise.get_future();
  const bool queued = store.submit([&promise, since](storage::Store& open) {
    promise.set_value([&]() -> Result<News> {
      News news;
      TRY(news.revocations, open.revocations_since(since));
      TRY(news.resources, open.resources_since(since));
      if (news.resources.generation == since) return news;
      TRY(news.assertion_keys, open.named_keys(sso::kAssertionKeyPurpose));
      return news;
    }());
  });
  if (!queued) return fail(Code::kUnavailable, Side::kStorage, "too much work is waiting for the store");
  return future.get();
}

}  // namespace

Follower::Follower(FollowerParts parts, std::shared_ptr<const policy::Snapshot> snapshot)
    : parts_(parts),
      snapshot_(std::move(snapshot)),
      newest_(snapshot_),
      in_force_(snapshot_->generation()),
      resource_count_(snapshot_->resource_count()),
      thread_("follower", 1, kQueueMax) {}

Follower::~Follower() = default;

Offload<uint64_t> Follower::follow(Loop& home, uint64_t generation) {
  return {thread_, home, [this, generation]() -> Result<uint64_t> {
            auto outcome = bring_into_force(generation);
            say(outcome);
            return outcome;
          }};
}

void Follower::poke() {
  if (look_waits_.exchange(true)) return;
  const bool queued = thread_.submit([this] {
    look_waits_ = false;
    say(bring_into_force(0));
    std::erase_if(retired_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
  });
  if (!queued) look_waits_ = false;
}

// Another process may commit between the two halves of the news: then the older generation counts, and the rest is read
// again the next time. Reading a change twice does no harm.
Result<uint64_t> Follower::bring_into_force(uint64_t generation) {
  if (generation != 0 && generation <= in_force()) return in_force();
  TRY(News news, read_news(parts_.store, storage::Generation{in_force()}));
  const uint64_t reached = std::min(count(news.resources.generation), count(news.revocations.generation));
  if (reached > in_force()) {
    for (const storage::TokenRecord& token : news.revocations.new_tokens) parts_.tokens.insert(token);
    for (const RecordId& token : news.revocations.revoked_tokens) parts_.tokens.revoke(token);
    for (const RecordId& session : news.revocations.ended_sessions) parts_.sessions.end(session);
    // One that was cut to nothing, too: what lives by it ends before anybody is told.
    const auto over = [now = parts_.clock.wall()](const storage::TokenRecord& token) {
      return token.expires_at <= now;
    };
    const bool anything_ended = !news.revocations.revoked_tokens.empty() || !news.revocations.ended_sessions.empty() ||
                                std::ranges::any_of(news.revocations.new_tokens, over);
    if (anything_ended || !news.resources.changed.empty() || !news.resources.deleted.empty()) {
      const auto records = storage::judged(std::move(news.resources.changed), parts_.keyring);
      parts_.refused.look_at(records, parts_.clock.wall());
      publish(reached, records, news.resources.deleted);
    }
    follow_keys(reached, news.assertion_keys);
    in_force_.store(reached, std::memory_order_release);
  }
  if (generation > in_force()) return fail(Code::kNotFound, Side::kClient, "there is no such generation");
  return in_force();
}

void Follower::publish(uint64_t generation, const std::vector<policy::ResourceRecord>& changed,
                       const std::vector<RecordId>& deleted) {
  auto next = policy::Snapshot::rebuild(*snapshot_, generation, changed, deleted);
  parts_.tokens.limit_life(next->platform().token_life_max);
  parts_.gateway.publish(next);
  newest_.store(next, std::memory_order_release);
  retired_.push_back(std::exchange(snapshot_, std::move(next)));
  resource_count_.store(snapshot_->resource_count(), std::memory_order_relaxed);
  parts_.log.info("in_force", {{"generation", generation},
                               {"changed", changed.size()},
                               {"deleted", deleted.size()},
                               {"resources", snapshot_->resource_count()}});
}

void Follower::follow_keys(uint64_t generation, const std::vector<storage::NamedKeyRecord>& records) {
  auto keys = parts_.assertion_keys.look_at(records, parts_.clock.wall());
  if (!keys) return;
  parts_.log.info("keys_in_force", {{"generation", generation}, {"signs", keys->kid()}});
  parts_.gateway.publish(std::move(keys));
}

// An outage is told once, and its end. What runs goes on with what is in force.
void Follower::say(const Result<uint64_t>& outcome) {
  const bool works = outcome || outcome.error().side != Side::kStorage;
  if (works == store_works_) return;
  store_works_ = works;
  if (works)
    parts_.log.info("store_back");
  else
    parts_.log.error("store_unavailable", {{"reason", outcome.error().what}});
}

}  // namespace sallyport::cli
