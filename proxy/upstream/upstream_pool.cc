#include "proxy/upstream/upstream_pool.h"

#include <algorithm>

#include "base/own_address.h"

namespace sallyport::proxy {
namespace {

constexpr std::chrono::milliseconds kIdleKeep{55000};  // below the 60 s that most servers keep
constexpr size_t kAddressesTriedMax = 4;

}  // namespace

const char* outbound_refusal(const policy::Upstream& upstream, const IpAddress& address) {
  if (!upstream.networks.empty()) {
    const bool listed = contains(upstream.networks, address);
    return listed ? nullptr : "the address is not on the outbound list (upstream.networks)";
  }
  if (!is_public(address)) return "the address is not public, and there is no outbound list (upstream.networks)";
  if (is_own_address(address))
    return "the address is this machine's own, and there is no outbound list (upstream.networks)";
  return nullptr;
}

// --- the pool of one resource version

UpstreamPool::UpstreamPool(UpstreamPools& pools, std::shared_ptr<const policy::CompiledResource> resource)
    : pools_(pools), resource_(std::move(resource)) {}

UpstreamPool::~UpstreamPool() { drop_idle(); }

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle() {
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  --pools_.idle_count_;
  connection->leave_idle();
  return connection;
}

void UpstreamPool::keep(std::unique_ptr<UpstreamConnection> connection) {
  connection->become_idle(*this, kIdleKeep);
  ++pools_.idle_count_;
  idle_.push_back(std::move(connection));
}

void UpstreamPool::drop_idle() {
  pools_.idle_count_ -= idle_.size();
  for (auto& connection : idle_) pools_.bury(std::move(connection));
  idle_.clear();
}

void UpstreamPool::idle_connection_over(UpstreamConnection& connection) {
  const auto at = std::ranges::find(idle_, &connection, [](const auto& owned) { return owned.get(); });
  if (at == idle_.end()) return;
  --pools_.idle_count_;
  pools_.bury(std::move(*at));
  idle_.erase(at);
}

// --- the lease

UpstreamLease::UpstreamLease(UpstreamPool& pool, std::unique_ptr<UpstreamConnection> connection)
    : pool_(&pool), connection_(std::move(connection)) {
  ++pool_->in_use;
}

UpstreamLease::UpstreamLease(UpstreamLease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}

UpstreamLease& UpstreamLease::operator=(UpstreamLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(connection_, other.connection_);
  return *this;
}

UpstreamLease::~UpstreamLease() {
  if (pool_ != nullptr) pool_->pools_.give_back(*pool_, std::move(connection_));
}

// --- all pools of a worker

UpstreamPools::UpstreamPools(Loop& loop, BlockPool& blocks, Resolver& resolver, Log& log, Limits limits)
    : loop_(loop), blocks_(blocks), resolver_(resolver), log_(log), limits_(limits) {}

UpstreamPools::~UpstreamPools() {
  pools_.clear();
  retired_.clear();
}

void UpstreamPools::bury(std::unique_ptr<UpstreamConnection> connection) {
  graveyard_.push_back(std::move(connection));
  loop_.defer(*this);
}

void UpstreamPools::run_deferred() {
  graveyard_.clear();
  std::erase_if(retired_, [](const auto& pool) { return pool->in_use == 0; });
}

UpstreamPool& UpstreamPools::pool_of(const policy::CompiledResource& resource) {
  auto& slot = pools_[resource.id];
  if (slot && slot->resource_.get() == &resource) return *slot;
  if (slot) {
    slot->retired = true;
    slot->drop_idle();
    retired_.push_back(std::move(slot));
    loop_.defer(*this);
  }
  slot = std::make_unique<UpstreamPool>(*this, resource.shared_from_this());
  return *slot;
}

void UpstreamPools::retire_others(const policy::Snapshot& snapshot) {
  for (auto it = pools_.begin(); it != pools_.end();) {
    UpstreamPool& pool = *it->second;
    if (snapshot.resource(pool.resource().name, pool.resource().kind) == &pool.resource()) {
      ++it;
      continue;
    }
    pool.retired = true;
    pool.drop_idle();
    retired_.push_back(std::move(it->second));
    it = pools_.erase(it);
  }
  loop_.defer(*this);
}

UpstreamLease UpstreamPools::take(UpstreamPool& pool) {
  auto connection = pool.take_idle();
  if (!connection) return {};
  return UpstreamLease(pool, std::move(connection));
}

void UpstreamPools::give_back(UpstreamPool& pool, std::unique_ptr<UpstreamConnection> connection) {
  --pool.in_use;
  if (pool.retired && pool.in_use == 0) loop_.defer(*this);
  if (!connection) return;
  if (!pool.retired && connection->reusable() && idle_count_ < limits_.idle)
    pool.keep(std::move(connection));
  else
    bury(std::move(connection));
}

// May one more be opened? Over the limit an idle one, of whatever resource, makes room: nobody waits on it.
bool UpstreamPools::has_room() {
  if (open_ < limits_.open) return true;
  if (idle_count_ == 0) return false;
  const auto some = std::ranges::find_if(pools_, [](const auto& each) { return !each.second->idle_.empty(); });
  if (some == pools_.end()) return false;
  some->second->take_idle().reset();
  return true;
}

Task<Result<UpstreamLease>> UpstreamPools::connect(UpstreamPool& pool, std::string request_id) {
  const policy::CompiledResource& resource = pool.resource();
  const policy::Upstream& upstream = resource.spec.upstream;
  const auto refused = [&](const Endpoint& endpoint, const char* why) {
    log_.warning(
        "upstream_failed",
        {{"resource", resource.name}, {"address", endpoint.to_string()}, {"reason", why}, {"request_id", request_id}});
  };
  UpstreamLease lease(pool, nullptr);  // counts the pool as in use while this waits

  std::vector<IpAddress> addresses;
  if (const auto* known = resolver_.cached(upstream.url.host, loop_.now()); known != nullptr) {
    addresses = *known;
  } else {
    auto resolving = resolver_.resolve(upstream.url.host);
    auto answer = co_await resolving;
    if (!answer) {
      log_.warning("upstream_failed", {{"resource", resource.name},
                                       {"host", upstream.url.host},
                                       {"reason", answer.error().what},
                                       {"request_id", request_id}});
      co_return fail(answer.error().code, Side::kUpstream, "the upstream's name cannot be resolved");
    }
    addresses = *std::move(answer);
  }
  if (upstream.url.scheme == "https" && !pool.tls_) {
    auto opened =
        ClientTls::open(upstream.ca_pem, upstream.server_name.empty() ? upstream.url.host : upstream.server_name);
    if (!opened) {
      log_.error("upstream_failed",
                 {{"resource", resource.name}, {"reason", opened.error().what}, {"request_id", request_id}});
      co_return fail(Code::kUnavailable, Side::kUpstream, opened.error().what);
    }
    pool.tls_ = *std::move(opened);
  }

  Error last{Code::kUnavailable, Side::kUpstream, "the upstream has no address"};
  size_t tried = 0;
  for (const IpAddress& address : addresses) {
    const Endpoint endpoint{address, upstream.url.port};
    if (const char* why = outbound_refusal(upstream, address)) {
      refused(endpoint, why);
      last = {Code::kDenied, Side::kUpstream, "the upstream's address is not allowed"};
      continue;
    }
    if (++tried > kAddressesTriedMax) break;
    if (!has_room()) {
      last = {Code::kUnavailable, Side::kSelf, "the gateway has all the upstream connections it can have"};
      refused(endpoint, last.what);
      break;
    }
    auto opened = UpstreamConnection::open(loop_, blocks_, open_, endpoint, upstream.source_address, pool.tls_.get(),
                                           upstream.timeout);
    if (!opened) {
      refused(endpoint, opened.error().what);
      last = opened.error();
      continue;
    }
    std::unique_ptr<UpstreamConnection> connection = *std::move(opened);
    while (connection->state() == UpstreamConnection::State::kConnecting ||
           connection->state() == UpstreamConnection::State::kHandshaking) {
      auto change = connection->changed().wait();
      co_await change;
    }
    if (connection->state() == UpstreamConnection::State::kReady) co_return UpstreamLease(pool, std::move(connection));
    refused(endpoint, connection->failure());
    last = {connection->timed_out() ? Code::kTimeout : Code::kUnavailable, Side::kUpstream, connection->failure()};
    bury(std::move(connection));
  }
  co_return std::unexpected(last);
}

}  // namespace sallyport::proxy
