#include "proxy/stations/locate.h"

#include <algorithm>

#include "base/http/url.h"
#include "policy/client_address.h"
#include "policy/find_place.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

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
  if (!policy::is_served(head.method)) return fail(Code::kUnsupported, Side::kClient, "this method is not served");
  TRY(const http::Target target, http::parse_target(head.target));
  context.path.assign(target.path);
  if (exchange.framing().host.empty()) return fail(Code::kMalformed, Side::kClient, "the request names no host");
  CHECKED(read_host(context, exchange.framing().host));
  if (!exchange.covers_host(context.host))
    return fail(Code::kMisdirected, Side::kClient, "this host is not served on this connection");
  if (target.asterisk) return fail(Code::kMalformed, Side::kClient, "OPTIONS * is not answered here");

  const policy::Snapshot& snapshot = *context.snapshot;
  policy::FoundPlace found;
  const auto placed =
      policy::find_place(snapshot, context.worker.gate_host(), context.host, target.path, scratch, found);
  if (!found.canonical.empty()) context.path.assign(found.canonical);
  if (found.resource != nullptr && !found.at_gate) {
    context.resource = found.resource;
    context.resource_id = found.resource->id;
  }
  if (!placed) return std::unexpected(placed.error());
  if (!policy::address_allowed(snapshot, found, context.client))
    return fail(Code::kDenied, Side::kClient, "this address is not allowed here");
  if (!found.at_gate && found.resource->damaged)
    return fail(Code::kDenied, Side::kSelf, "the resource's record does not fit its seal");
  return Located{.at_gate = found.at_gate, .path = found.path, .query = target.query, .has_query = target.has_query};
}

}  // namespace sallyport::proxy
