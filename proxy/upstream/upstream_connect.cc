// How an upstream's connection is made: UpstreamPools::connect() and what it needs.
#include "proxy/upstream/upstream_pool.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kAddressesTriedMax = 4;
constexpr size_t kDialledMax = 2;  // shared connections that one request makes, when each takes no stream at once

}  // namespace

bool outbound_allowed(const policy::Upstream& upstream, const IpAddress& address) {
  return upstream.networks.empty() ? is_public(address) : contains(upstream.networks, address);
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
    if (!outbound_allowed(upstream, address)) {
      refused(endpoint, "the address is not on the outbound list (upstream.networks)");
      last = {Code::kDenied, Side::kUpstream, "the upstream's address is not allowed"};
      continue;
    }
    if (++tried > kAddressesTriedMax) break;
    auto opened = UpstreamConnection::open(loop_, blocks_, endpoint, upstream.source_address, pool.tls_.get(), offer,
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
  while (may_share()) {
    if (auto stream = pool.take(spoken)) co_return UpstreamLease(pool, std::move(stream));
    if (pool.being_made()) {
      UpstreamPool::Waiter waiter(pool);
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
