#include "proxy/upstream/upstream_pool.h"

#include <algorithm>

#include "base/outbound.h"

namespace sallyport::proxy {
namespace {

constexpr std::chrono::milliseconds kIdleKeep{55000};  // below the 60 s that most servers keep
constexpr size_t kDialledMax = 2;  // shared connections that one request makes, when each takes no stream at once
constexpr size_t kAddressesTriedMax = 4;

}  // namespace

// --- the pool of one resource version

UpstreamPool::UpstreamPool(UpstreamPools& pools, std::shared_ptr<const policy::CompiledResource> resource)
    : pools_(pools), resource_(std::move(resource)) {}

UpstreamPool::~UpstreamPool() { retire(); }

// Does a new connection become one that is shared?
bool UpstreamPool::shares() const { return resource_->spec.upstream.http2 && !chose_http1_; }

std::unique_ptr<UpstreamExchange> UpstreamPool::take(Spoken spoken) {
  if (spoken == Spoken::kAsConfigured) {
    for (const auto& connection : shared_)
      if (connection->room() > 0) return connection->open_stream();
    if (shares()) return nullptr;
  }
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

void UpstreamPool::retire() {
  retired = true;
  pools_.idle_count_ -= idle_.size();
  for (auto& connection : idle_) pools_.bury(std::move(connection));
  idle_.clear();
  for (const auto& connection : shared_) connection->close_if_idle();
}

void UpstreamPool::idle_connection_over(UpstreamConnection& connection) {
  const auto at = std::ranges::find(idle_, &connection, [](const auto& owned) { return owned.get(); });
  if (at == idle_.end()) return;
  --pools_.idle_count_;
  pools_.bury(std::move(*at));
  idle_.erase(at);
}

// --- shared connections

bool UpstreamPool::being_made() const {
  return making_ > 0 || std::ranges::any_of(shared_, [](const auto& each) { return each->greeting(); });
}

size_t UpstreamPool::room() const {
  size_t out = 0;
  for (const auto& connection : shared_) out += connection->room();
  return out;
}

void UpstreamPool::adopt(const Endpoint& endpoint, std::unique_ptr<ByteChannel> channel) {
  const policy::Upstream& upstream = resource_->spec.upstream;
  Http2UpstreamConnection::Pool& home = *this;
  shared_.push_back(std::make_unique<Http2UpstreamConnection>(pools_.http2_, home, endpoint, std::move(channel),
                                                              upstream.url.scheme, upstream.timeout));
}

void UpstreamPool::room_made() {
  if (!waiters_.empty()) pools_.loop_.defer(*this);
}

bool UpstreamPool::may_idle() {
  if (retired || pools_.idle_count_ >= pools_.limits_.idle) return false;
  ++pools_.idle_count_;
  return true;
}

void UpstreamPool::idle_no_longer() { --pools_.idle_count_; }

void UpstreamPool::connection_over(Http2UpstreamConnection& connection, const Failure* failure) {
  const auto at = std::ranges::find(shared_, &connection, [](const auto& owned) { return owned.get(); });
  if (at == shared_.end()) return;
  if (failure != nullptr) {
    pools_.log_.warning(
        "upstream_failed",
        {{"resource", resource_->name}, {"address", connection.endpoint().to_string()}, {"reason", failure->what}});
    fail_waiters({failure->timed_out ? Code::kTimeout : Code::kUnavailable, Side::kUpstream, failure->what});
  }
  pools_.bury(std::move(*at));
  shared_.erase(at);
  room_made();
}

void UpstreamPool::fail_waiters(const Error& why) {
  for (Waiter* const waiter : waiters_)
    if (!waiter->failed) waiter->failed = why;
  room_made();
}

// Wakes who can go on: with an error, with a stream, or by making the next connection.
void UpstreamPool::run_deferred() {
  for (size_t left = waiters_.size(); left > 0 && !waiters_.empty(); --left) {
    Waiter& first = *waiters_.front();
    if (!first.failed && room() == 0 && being_made()) return;
    first.leave();
    first.slot.wake();
  }
}

// --- the lease

UpstreamLease::UpstreamLease(UpstreamPool& pool, std::unique_ptr<UpstreamExchange> exchange)
    : pool_(&pool), exchange_(std::move(exchange)) {
  ++pool_->in_use;
}

UpstreamLease::UpstreamLease(UpstreamLease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), exchange_(std::move(other.exchange_)) {}

UpstreamLease& UpstreamLease::operator=(UpstreamLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(exchange_, other.exchange_);
  return *this;
}

UpstreamLease::~UpstreamLease() {
  if (pool_ != nullptr) pool_->pools_.give_back(*pool_, std::move(exchange_));
}

// --- all pools of a worker

UpstreamPools::UpstreamPools(Loop& loop, BlockPool& blocks, HeldMemory& memory, Resolver& resolver, Log& log,
                             Limits limits)
    : loop_(loop),
      blocks_(blocks),
      resolver_(resolver),
      log_(log),
      limits_(limits),
      http2_{loop, blocks, memory, open_, {}} {}

UpstreamPools::~UpstreamPools() {
  pools_.clear();
  retired_.clear();
}

void UpstreamPools::bury(std::unique_ptr<UpstreamExchange> exchange) {
  graveyard_.push_back(std::move(exchange));
  loop_.defer(*this);
}

void UpstreamPools::bury(std::unique_ptr<Http2UpstreamConnection> connection) {
  shared_graveyard_.push_back(std::move(connection));
  loop_.defer(*this);
}

void UpstreamPools::run_deferred() {
  graveyard_.clear();  // streams before what they belong to
  shared_graveyard_.clear();
  std::erase_if(retired_, [](const auto& pool) { return pool->in_use == 0; });
}

UpstreamPool& UpstreamPools::pool_of(const policy::CompiledResource& resource) {
  auto& slot = pools_[resource.id];
  if (slot && slot->resource_.get() == &resource) return *slot;
  if (slot) {
    slot->retire();
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
    pool.retire();
    retired_.push_back(std::move(it->second));
    it = pools_.erase(it);
  }
  loop_.defer(*this);
}

// Nobody overtakes who waits: else whoever comes while a connection is made could have all its streams.
UpstreamLease UpstreamPools::take(UpstreamPool& pool, Spoken spoken) {
  if (spoken == Spoken::kAsConfigured && !pool.waiters_.empty()) return {};
  auto exchange = pool.take(spoken);
  if (!exchange) return {};
  return UpstreamLease(pool, std::move(exchange));
}

void UpstreamPools::give_back(UpstreamPool& pool, std::unique_ptr<UpstreamExchange> exchange) {
  --pool.in_use;
  if (pool.retired && pool.in_use == 0) loop_.defer(*this);
  if (!exchange) return;
  UpstreamConnection* const again = exchange->reusable();
  if (again == nullptr || pool.retired || idle_count_ >= limits_.idle) return bury(std::move(exchange));
  static_cast<void>(exchange.release());  // it is that connection
  pool.keep(std::unique_ptr<UpstreamConnection>(again));
}

// May one more be opened? Over the limit an idle one, of whatever resource, makes room: nobody waits on it.
bool UpstreamPools::has_room() {
  if (open_ < limits_.open) return true;
  if (idle_count_ == 0) return false;
  const auto some = std::ranges::find_if(pools_, [](const auto& each) { return !each.second->idle_.empty(); });
  if (some == pools_.end()) return false;
  some->second->idle_.pop_back();
  --idle_count_;
  return true;
}

// errors: as connect().
Task<Result<std::unique_ptr<UpstreamConnection>>> UpstreamPools::dial(UpstreamPool& pool, AlpnOffer offer,
                                                                      std::string request_id) {
  const policy::CompiledResource& resource = pool.resource();
  const policy::Upstream& upstream = resource.spec.upstream;
  const auto refused = [&](const Endpoint& endpoint, const char* why) {
    log_.warning(
        "upstream_failed",
        {{"resource", resource.name}, {"address", endpoint.to_string()}, {"reason", why}, {"request_id", request_id}});
  };

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
    if (const char* why = outbound_refusal(upstream.networks, address)) {
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
                                           offer, upstream.timeout);
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
    if (connection->state() == UpstreamConnection::State::kReady) co_return std::move(connection);
    refused(endpoint, connection->failure());
    last = {connection->timed_out() ? Code::kTimeout : Code::kUnavailable, Side::kUpstream, connection->failure()};
    bury(std::move(connection));
  }
  co_return std::unexpected(last);
}

Task<Result<UpstreamLease>> UpstreamPools::connect(UpstreamPool& pool, Spoken spoken, std::string request_id) {
  const UpstreamLease counted(pool, nullptr);  // the pool is in use while this waits
  const bool encrypted = pool.resource().spec.upstream.url.scheme == "https";
  const auto may_share = [&] { return spoken == Spoken::kAsConfigured && pool.shares(); };
  size_t dialled = 0;
  bool has_turn = false;
  while (may_share()) {
    const bool behind = !std::exchange(has_turn, true) && !pool.waiters_.empty();
    if (!behind)
      if (auto stream = pool.take(spoken)) co_return UpstreamLease(pool, std::move(stream));
    if (behind || pool.being_made()) {
      using Turn = UpstreamPool::Waiter::Turn;
      UpstreamPool::Waiter waiter(pool, dialled > 0 ? Turn::kNext : Turn::kLast);
      auto woken = waiter.slot.wait();
      co_await woken;
      if (waiter.failed) co_return std::unexpected(*waiter.failed);
      continue;
    }
    if (++dialled > kDialledMax)
      co_return fail(Code::kUnavailable, Side::kUpstream, "the upstream takes no requests on its connections");
    const UpstreamPool::Making making(pool);
    auto dialling = dial(pool, AlpnOffer::kHttp2First, request_id);
    auto dialled_now = co_await dialling;
    if (!dialled_now) {
      pool.fail_waiters(dialled_now.error());
      co_return std::unexpected(dialled_now.error());
    }
    std::unique_ptr<UpstreamConnection> connection = *std::move(dialled_now);
    if (encrypted && !connection->speaks_http2()) {
      pool.chose_http1_ = true;  // who waits makes one for himself
      co_return UpstreamLease(pool, std::move(connection));
    }
    pool.adopt(connection->endpoint(), connection->take_channel());
    bury(std::move(connection));
  }
  const bool ask_again = spoken == Spoken::kAsConfigured && pool.resource().spec.upstream.http2;
  auto dialling = dial(pool, ask_again ? AlpnOffer::kHttp2First : AlpnOffer::kHttp1, request_id);
  CO_TRY(std::unique_ptr<UpstreamConnection> connection, co_await dialling);
  if (ask_again && connection->speaks_http2()) {  // it has learned it meanwhile
    pool.chose_http1_ = false;
    pool.adopt(connection->endpoint(), connection->take_channel());
    bury(std::move(connection));
    auto again = connect(pool, spoken, std::move(request_id));
    co_return co_await again;
  }
  co_return UpstreamLease(pool, std::move(connection));
}

}  // namespace sallyport::proxy
