#include "sso/ldap/opener.h"

#include "base/outbound.h"
#include "base/time_text.h"

namespace sallyport::sso::ldap {
namespace {

constexpr size_t kAddressesTriedMax = 4;
constexpr Side kFrom = Side::kIdentityProvider;

std::string shown(const TlsFacts& facts) {
  return facts.version + ", certificate until " + show_time(facts.certificate_ends);
}

}  // namespace

Opener::Opener(bool start_tls, policy::ProviderNetwork network, HostLookup& lookup, TlsContext tls)
    : start_tls_(start_tls), network_(std::move(network)), lookup_(lookup), tls_(std::move(tls)) {}

Result<std::unique_ptr<Opener>> Opener::make(const policy::LdapSettings& settings, policy::ProviderNetwork network,
                                             HostLookup& lookup) {
  TRY(TlsContext tls, TlsContext::open(network.ca_pem));
  return std::unique_ptr<Opener>(new Opener(settings.start_tls, std::move(network), lookup, std::move(tls)));
}

const char* Opener::refusal(const LdapUrl& url, const IpAddress& address) const {
  if (!url.tls_from_the_start && !start_tls_ && !is_loopback(address)) return "without TLS to this machine alone";
  return outbound_refusal(network_.networks, address);
}

Result<Opened> Opener::open(const LdapUrl& url, Monotonic until, Checks& checks) const {
  const auto found = lookup_.addresses_of(url.host);
  if (!found) return std::unexpected(checks.note("server's name", url.host, found).error());

  Error last{Code::kUnavailable, kFrom, "the LDAP server has no address"};
  size_t tried = 0;
  std::vector<IpAddress> allowed;
  for (const IpAddress& address : *found) {
    if (allowed.size() == kAddressesTriedMax) break;
    if (const char* why = refusal(url, address)) {
      last = {Code::kDenied, kFrom, why};
      checks.add(false, "server's address", "one that may be connected to", address.to_string() + ": " + why);
      continue;
    }
    allowed.push_back(address);
  }
  for (const IpAddress& address : allowed) {
    // One that is silent leaves the others their part of the time.
    const Monotonic now = std::chrono::steady_clock::now();
    auto opened = open_at(url, address, now + (until - now) / static_cast<int>(allowed.size() - tried++), checks);
    if (opened) return opened;
    last = opened.error();
  }
  return std::unexpected(last);
}

Result<Opened> Opener::open_at(const LdapUrl& url, const IpAddress& address, Monotonic until, Checks& checks) const {
  const Endpoint endpoint{address, url.port};
  auto connected = Channel::connect(endpoint, until);
  CHECKED(checks.require(connected.has_value(), "connection", url.to_string(),
                         endpoint.to_string() + (connected ? "" : std::string(": ") + connected.error().what),
                         connected ? Error{} : connected.error()));
  std::unique_ptr<Channel> channel = *std::move(connected);

  const auto verified = [&](const Result<TlsFacts>& facts) {
    return checks.require(facts.has_value(), "TLS", url.host + ", TLS 1.2 at least",
                          facts ? shown(*facts) : facts.error().what, facts ? Error{} : facts.error());
  };
  if (url.tls_from_the_start) {
    const auto facts = channel->start_tls(tls_, url.host, until);
    CHECKED(verified(facts));
    TRY(auto connection, Connection::over(std::move(channel)));
    return Opened{std::move(connection), *facts};
  }
  TRY(auto connection, Connection::over(std::move(channel)));
  if (!start_tls_) return Opened{std::move(connection), std::nullopt};
  const auto facts = connection->upgrade(tls_, url.host, until);
  CHECKED(verified(facts));
  return Opened{std::move(connection), *facts};
}

}  // namespace sallyport::sso::ldap
