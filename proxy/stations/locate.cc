#include "proxy/stations/locate.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/http/forwarded.h"
#include "base/http/url.h"
#include "policy/client_address.h"
#include "policy/find_place.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

// A proxy in front replaces what a client wrote under such a name; another spelling of it (X.Forwarded.For), which for
// the upstream is the same name, it may hand on. So only the one spelling is the proxy's word.
bool is_spelt(const http::Field& field, http::FieldId id, std::string_view name) {
  return field.id == id && http::iequals(field.name, name);
}

// A trusted proxy that ends TLS says so: in one X-Forwarded-Proto and no second one, in the element of Forwarded that
// it wrote, which is the last, or in both.
bool says_https(const http::Head& head, std::span<const http::ForwardedElement> forwarded) {
  const http::Field* proto = nullptr;
  for (const http::Field& field : head.fields()) {
    if (!is_spelt(field, http::FieldId::kXForwardedProto, "X-Forwarded-Proto")) continue;
    if (proto != nullptr) return false;
    proto = &field;
  }
  const std::string_view element = forwarded.empty() ? "" : forwarded.back().proto;
  if (proto == nullptr) return http::iequals(element, "https");
  return http::iequals(proto->value, "https") && (element.empty() || http::iequals(element, "https"));
}

Result<void> find_client(RequestContext& context) {
  const CidrList& trusted = context.worker.settings().trusted_proxies;
  const auto& connection = context.exchange.connection();
  const http::Head& head = context.exchange.head();
  context.https = connection.tls;
  const bool says_who = head.has(http::FieldId::kXForwardedFor) || head.has(http::FieldId::kForwarded);
  if (!says_who && (connection.tls || !head.has(http::FieldId::kXForwardedProto))) return {};
  if (!contains(trusted, connection.peer.endpoint.address)) return {};
  std::vector<std::string_view> forwarded_for;
  std::vector<http::ForwardedElement> forwarded;
  for (const http::Field& field : head.fields()) {
    if (is_spelt(field, http::FieldId::kXForwardedFor, "X-Forwarded-For")) forwarded_for.push_back(field.value);
    if (field.id == http::FieldId::kForwarded) CHECKED(http::parse_forwarded(field.value, forwarded));
  }
  context.https = connection.tls || says_https(head, forwarded);
  TRY(context.client, policy::client_address(connection.peer, trusted, forwarded_for, forwarded));
  return {};
}

Result<void> read_host(RequestContext& context, std::string_view field) {
  if (http::is_authority_of(field, context.exchange.host_covered())) {
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

}  // namespace

Result<Located> locate(RequestContext& context, std::string& scratch) {
  Exchange& exchange = context.exchange;
  const http::Head& head = exchange.head();
  context.method.assign(head.method);
  CHECKED(find_client(context));
  if (head.method == "GET") {
    if (const http::Field* accept = head.find(http::FieldId::kAccept))
      context.page_load = accept->value.find("text/html") != std::string_view::npos;
  }
  if (!policy::is_served(head.method)) return fail(Code::kUnsupported, Side::kClient, "this method is not served");
  TRY(const http::Target target, http::parse_target(head.target));
  context.set_path(target.path);
  if (exchange.framing().host.empty()) return fail(Code::kMalformed, Side::kClient, "the request names no host");
  CHECKED(read_host(context, exchange.framing().host));
  if (!exchange.covers_host(context.host))
    return fail(Code::kMisdirected, Side::kClient, "this host is not served on this connection");
  CHECKED(find_certificate(context));
  if (target.asterisk) return fail(Code::kMalformed, Side::kClient, "OPTIONS * is not answered here");

  const policy::Snapshot& snapshot = *context.snapshot;
  policy::FoundPlace found;
  const auto placed =
      policy::find_place(snapshot, context.worker.gate_host(), context.host, target.path, scratch, found);
  if (!found.canonical.empty()) context.set_path(found.canonical);
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
