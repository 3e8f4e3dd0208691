#include "proxy/stations/response_head.h"

#include "base/http/cookie.h"
#include "proxy/error_reply.h"

namespace sallyport::proxy {
namespace {

using http::FieldId;

// What belongs to this connection, what the gate alone says, and what acts on other hosts too: Alt-Svc on every host of
// the certificate, Clear-Site-Data on the cookies of the whole domain, NEL and Report-To on the hosts below this one.
constexpr uint64_t kDropped =
    bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) | bit(FieldId::kProxyConnection) |
    bit(FieldId::kTransferEncoding) | bit(FieldId::kTe) | bit(FieldId::kTrailer) | bit(FieldId::kUpgrade) |
    bit(FieldId::kContentLength) | bit(FieldId::kProxyAuthenticate) | bit(FieldId::kProxyAuthorization) |
    bit(FieldId::kAltSvc) | bit(FieldId::kServiceWorkerAllowed) | bit(FieldId::kClearSiteData) | bit(FieldId::kNel) |
    bit(FieldId::kReportTo) | bit(FieldId::kXSallyportOther) | bit(FieldId::kXSallyportToken) |
    bit(FieldId::kXSallyportRequest) | bit(FieldId::kHttp2Settings);

}  // namespace

bool response_field_allowed(const http::Field& field) {
  if (field.id != FieldId::kSetCookie) return true;
  constexpr std::string_view kOwn = "__Host-sallyport";
  const auto cookie = http::read_set_cookie(field.value);
  if (!cookie || cookie->has_domain) return false;
  return cookie->name.size() < kOwn.size() || !http::iequals(cookie->name.substr(0, kOwn.size()), kOwn);
}

void write_response_fields(Exchange& exchange, const http::Head& head) {
  const http::ConnectionOptions options(head);
  const bool tls = exchange.connection().tls;
  for (const http::Field& field : head.fields()) {
    if (field.id != FieldId::kOther && (bit(field.id) & kDropped) != 0) continue;
    if (tls && field.id == FieldId::kStrictTransportSecurity) continue;
    if (options.hop_by_hop(field) || !response_field_allowed(field)) continue;
    exchange.field(field.name, field.value);
  }
  add_transport_security(exchange);
}

}  // namespace sallyport::proxy
