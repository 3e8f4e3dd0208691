#include "proxy/stations/locate.h"

#include <algorithm>

#include "base/http/url.h"
#include "policy/client_address.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kGatePrefix = "/.sallyport";

// A trusted proxy that ends TLS says so, in one field and no second one.
bool says_https(const http::Head& head) {
  const http::Field* proto = nullptr;
  for (const http::Field& field : head.fields()) {
    if (field.id != http::FieldId::kXForwardedProto) continue;
    if (proto != nullptr) return false;
    proto = &field;
  }
  return proto != nullptr && http::iequals(proto->value, "https");
}

void find_client(RequestContext& context) {
  const CidrList& trusted = context.worker.settings().trusted_proxies;
  const auto& connection = context.exchange.connection();
  context.https =
      connection.tls || (contains(trusted, connection.peer.endpoint.address) && says_https(context.exchange.head()));
  if (trusted.empty() || !context.exchange.head().has(http::FieldId::kXForwardedFor)) return;
  std::vector<std::string_view> values;
  for (const http::Field& field : context.exchange.head().fields())
    if (field.id == http::FieldId::kXForwardedFor) values.push_back(field.value);
  context.client = policy::client_address(context.exchange.connection().peer, trusted, values);
}

// Is the field this host as it stands, with a plain port or none? Then it needs no reading again.
bool is_again(std::string_view field, std::string_view host) {
  if (host.empty() || !field.starts_with(host)) return false;
  std::string_view port = field.substr(host.size());
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  port.remove_prefix(1);
  const bool digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits && !port.empty() && port[0] != '0' && (port.size() < 5 || (port.size() == 5 && port <= "65535"));
}

Result<void> read_host(RequestContext& context, std::string_view field) {
  if (is_again(field, context.exchange.host_covered())) {
    context.host.assign(context.exchange.host_covered());
    return {};
  }
  std::string scratch;
  TRY(const http::AuthorityView authority, http::parse_authority(field, scratch));
  context.host.assign(authority.host);
  return {};
}

// A certificate that has ended since the handshake counts no more; where one must be shown, neither does the
// connection. What a trusted proxy shows is the proxy's own and says nothing of the client.
Result<void> find_certificate(RequestContext& context) {
  const ConnectionFacts& connection = context.exchange.connection();
  const ClientCertificate* const shown = connection.certificate;
  if (shown == nullptr) return {};
  if (!shown->over(context.at)) {
    if (!contains(context.worker.settings().trusted_proxies, connection.peer.endpoint.address))
      context.certificate = shown;
    return {};
  }
  if (!shown->demanded) return {};
  context.exchange.close_after();
  return fail(Code::kDenied, Side::kClient, "the client certificate of this connection has expired");
}

// The gate itself is behind the platform's list alone.
bool gate_allowed(const policy::Snapshot& snapshot, const ClientAddress& client) {
  const CidrList& networks = snapshot.platform().networks;
  return networks.empty() || contains(networks, client.address);
}

}  // namespace

Result<Located> locate(RequestContext& context, std::string& scratch) {
  Exchange& exchange = context.exchange;
  const http::Head& head = exchange.head();
  context.method.assign(head.method);
  find_client(context);
  if (head.method == "GET") {
    if (const http::Field* accept = head.find(http::FieldId::kAccept))
      context.page_load = accept->value.find("text/html") != std::string_view::npos;
  }
  // An answer to TRACE would show the client what was injected (RFC 9110 s9.3.8); CONNECT asks for a tunnel.
  if (head.method == "TRACE" || head.method == "CONNECT" || head.method == "TRACK")
    return fail(Code::kUnsupported, Side::kClient, "this method is not served");
  TRY(const http::Target target, http::parse_target(head.target));
  context.path.assign(target.path);
  if (exchange.framing().host.empty()) return fail(Code::kMalformed, Side::kClient, "the request names no host");
  CHECKED(read_host(context, exchange.framing().host));
  if (!exchange.covers_host(context.host))
    return fail(Code::kMisdirected, Side::kClient, "this host is not served on this connection");
  CHECKED(find_certificate(context));
  if (target.asterisk) return fail(Code::kMalformed, Side::kClient, "OPTIONS * is not answered here");

  Located out{.path = {}, .query = target.query, .has_query = target.has_query};
  std::string_view path;
  const auto canonical = http::canonical_path(target.path, http::PathMode::kStrict, scratch, path);
  const policy::Snapshot& snapshot = *context.snapshot;
  const bool gate_host = context.host.view() == context.worker.gate_host();
  if (canonical) {
    context.path.assign(path);
    if (gate_host || (http::path_has_prefix(path, kGatePrefix) && snapshot.has_host(context.host))) {
      const policy::CompiledResource* const here = gate_host ? nullptr : snapshot.locate(context.host, path).resource;
      const bool allowed = here != nullptr ? policy::address_allowed(snapshot, *here, context.client)
                                           : gate_allowed(snapshot, context.client);
      if (!allowed) return fail(Code::kDenied, Side::kClient, "this address is not allowed here");
      out.at_gate = true;
      out.path = path;
      return out;
    }
  }
  if (gate_host) return std::unexpected(canonical.error());
  const policy::Place place = snapshot.locate(context.host, canonical ? path : target.path);
  if (place.resource == nullptr) {
    if (!canonical && snapshot.has_host(context.host)) return std::unexpected(canonical.error());
    return fail(Code::kNotFound, Side::kClient, "nothing is served at this address");
  }
  context.resource = place.resource;
  context.resource_id = place.resource->id;
  out.path = place.path;
  if (place.resource->spec.paths_mode == http::PathMode::kRaw) {
    CHECKED(http::canonical_path(target.path, http::PathMode::kRaw, scratch, path));
    out.path = target.path.substr(place.resource->spec.at.prefix.size());
    if (out.path.empty()) out.path = "/";
    if (out.path.front() != '/') return fail(Code::kMalformed, Side::kClient, "the path is not in its plain form");
  } else if (!canonical) {
    return std::unexpected(canonical.error());
  }
  if (!policy::address_allowed(snapshot, *place.resource, context.client))
    return fail(Code::kDenied, Side::kClient, "this address is not allowed here");
  if (place.resource->damaged) return fail(Code::kDenied, Side::kSelf, "the resource's record does not fit its seal");
  return out;
}

}  // namespace sallyport::proxy
