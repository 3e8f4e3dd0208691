// write_request_head(): the request as the upstream shall see it, rebuilt from parsed values.
#include <algorithm>
#include <charconv>

#include "base/http/cookie.h"
#include "base/http/url.h"
#include "policy/certificate_pattern.h"
#include "proxy/stations/forward.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

using http::FieldId;

constexpr std::string_view kOwnCookies = "__Host-sallyport";

// What a client may not say to the upstream: it ends here, is rebuilt, or is handled by name below.
constexpr uint64_t kDropped =
    bit(FieldId::kHost) | bit(FieldId::kConnection) | bit(FieldId::kKeepAlive) | bit(FieldId::kProxyConnection) |
    bit(FieldId::kTransferEncoding) | bit(FieldId::kTe) | bit(FieldId::kTrailer) | bit(FieldId::kUpgrade) |
    bit(FieldId::kContentLength) | bit(FieldId::kExpect) | bit(FieldId::kProxyAuthorization) |
    bit(FieldId::kProxyAuthenticate) | bit(FieldId::kForwarded) | bit(FieldId::kXForwardedFor) |
    bit(FieldId::kXForwardedProto) | bit(FieldId::kXForwardedHost) | bit(FieldId::kXForwardedPort) |
    bit(FieldId::kXForwardedOther) | bit(FieldId::kXRealIp) | bit(FieldId::kXRequestId) |
    bit(FieldId::kXSallyportToken) | bit(FieldId::kXSallyportRequest) | bit(FieldId::kXSallyportOther) |
    bit(FieldId::kHttp2Settings) | bit(FieldId::kClientCertificate);

bool carries_own_token(std::string_view value) {
  constexpr std::string_view kBearer = "bearer";
  if (value.size() < kBearer.size() || !http::iequals(value.substr(0, kBearer.size()), kBearer)) return false;
  value.remove_prefix(kBearer.size());
  // A tab or a quote before it makes it no token to us, and perhaps one to the upstream.
  value.remove_prefix(std::min(value.find_first_not_of(" \t\""), value.size()));
  return value.starts_with("spt_");
}

// CGI takes Proxy for HTTP_PROXY; some frameworks take the other two for the path that was asked for, which is not the
// one that was decided on.
bool is_treacherous(std::string_view name) {
  for (const std::string_view known : {"Proxy", "X-Original-URL", "X-Rewrite-URL"})
    if (name.size() == known.size() && same_for_upstreams(name, known)) return true;
  return false;
}

// Some frameworks do what these say in place of the method. Whoever may only read must not say it.
bool is_method_override(std::string_view name) {
  for (const std::string_view known : {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"})
    if (name.size() == known.size() && same_for_upstreams(name, known)) return true;
  return false;
}

void append_client_field(const RequestContext& context, const http::Field& field, const RenderedCredential* rendered,
                         std::string& out) {
  if (rendered != nullptr)
    for (const std::string& name : rendered->names)
      if (same_for_upstreams(name, field.name)) return;
  if (context.scope != nullptr && context.scope->read_only && is_method_override(field.name)) return;
  switch (field.id) {
    case FieldId::kSecWebSocketExtensions:  // what is compressed cannot be looked at
      if (context.decision.messages != policy::MessageRule::kAny) return;
      break;
    case FieldId::kAuthorization:
      if (!context.resource->spec.pass_authorization || (rendered != nullptr && rendered->authorization) ||
          carries_own_token(field.value))
        return;
      break;
    case FieldId::kCookie: {
      const size_t before = out.size();
      out.append(field.name).append(": ");
      if (http::append_cookies_without(field.value, kOwnCookies, out))
        out.append("\r\n");
      else
        out.resize(before);
      return;
    }
    default:
      break;
  }
  http::append_field_line(out, field.name, field.value);
}

// The client's query without the parameters that are injected, then those. A parameter is compared percent-decoded.
void append_query(const UpstreamTarget& target, const policy::CredentialRule* rule, const RenderedCredential* rendered,
                  std::string& out) {
  if (rendered == nullptr || rendered->query.empty()) {
    if (target.has_query) out.append("?").append(target.query);
    return;
  }
  out += '?';
  for (std::string_view rest = target.query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    std::string name(pair.substr(0, pair.find('=')));
    for (char& c : name)
      if (c == '+') c = ' ';
    const auto decoded = http::percent_decode(name);
    const auto same = [&](const policy::InjectedValue& value) {
      return !decoded || http::iequals(value.name, *decoded);
    };
    if (!pair.empty() && std::ranges::none_of(rule->inject.query, same)) out.append(pair).append("&");
  }
  out.append(rendered->query.reveal());
}

void append_identity(const RequestContext& context, std::string& out) {
  const policy::CompiledUser* const user = context.decision.user;
  if (user == nullptr) return;
  http::append_field_line(out, "X-Sallyport-User", user->name);
  if (!user->email.empty()) http::append_field_line(out, "X-Sallyport-Email", user->email);
  http::append_field_line(out, "X-Sallyport-Roles", policy::to_string(context.decision.role));
  out.append(context.worker.assertions().line(*user, *context.resource, context.decision.role, context.host,
                                              context.worker.loop().wall()));
}

// Only what may stand in a header and cannot be taken for more than one value: the rest as in a URI (RFC 3986 s2.1).
std::string certificate_names(const ClientCertificate& certificate) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const std::string& name : policy::patterns_of(certificate)) {
    if (name.starts_with("fingerprint:") || name.starts_with("subject:")) continue;
    if (!out.empty()) out += ", ";
    for (const char c : name) {
      if (c > 0x20 && c < 0x7f && c != ',' && c != '%' && c != '"' && c != '\\')
        out += c;
      else
        out.append({'%', kDigits[(c >> 4) & 15], kDigits[c & 15]});
    }
  }
  return out;
}

// Who holds the connection's certificate, where the resource wants to know. The values are what was verified, never
// what a client said.
void append_certificate(const RequestContext& context, std::string& out) {
  if (context.certificate == nullptr || !context.resource->spec.pass_certificate) return;
  const ClientCertificate& certificate = *context.certificate;
  http::append_field_line(out, "X-Sallyport-Certificate-Fingerprint", certificate.fingerprint);
  if (!certificate.subject.empty())
    http::append_field_line(out, "X-Sallyport-Certificate-Subject", certificate.subject);
  if (const std::string names = certificate_names(certificate); !names.empty())
    http::append_field_line(out, "X-Sallyport-Certificate-San", names);
  // RFC 9440 s2.2: the DER as a Byte Sequence of RFC 8941.
  http::append_field_line(out, "Client-Cert", ":" + base64_encode(as_bytes(certificate.der)) + ":");
}

void append_forwarded(const RequestContext& context, std::string& out) {
  const std::string client = context.client.address.to_string();
  const std::string_view proto = context.https ? "https" : "http";
  const std::string_view host = context.exchange.framing().host;
  http::append_field_line(out, "X-Forwarded-For", client);
  http::append_field_line(out, "X-Forwarded-Proto", proto);
  http::append_field_line(out, "X-Forwarded-Host", host);
  out.append("Forwarded: for=");  // RFC 7239 s4
  if (context.client.address.is_v4())
    out.append(client);
  else
    out.append("\"[").append(client).append("]\"");
  out.append(";proto=").append(proto).append(";host=\"").append(host).append("\"\r\n");
  http::append_field_line(out, "X-Request-Id", context.request_id);
}

void append_framing(const RequestContext& context, std::string& out) {
  if (!context.websocket_key.empty()) out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  const http::RequestFraming& framing = context.exchange.framing();
  if (framing.body == http::Body::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing.body == http::Body::kLength || context.exchange.head().has(FieldId::kContentLength)) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, framing.length).ptr;
    http::append_field_line(out, "Content-Length", {digits, static_cast<size_t>(end - digits)});
  }
}

}  // namespace

// Upstreams fold names (CGI, WSGI): what is neither letter nor digit is one character to them.
bool same_for_upstreams(std::string_view a, std::string_view b) {
  const auto folded = [](char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c + 32);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  };
  return std::ranges::equal(a, b, {}, folded, folded);
}

void write_request_head(const RequestContext& context, const UpstreamTarget& target, const RenderedCredential* rendered,
                        std::string& out, size_t& injected_at) {
  const http::Head& head = context.exchange.head();
  const policy::Upstream& upstream = context.resource->spec.upstream;
  out.append(head.method).append(" ");
  std::string_view base = upstream.url.path;
  if (base.ends_with('/')) base.remove_suffix(1);
  out.append(base).append(target.path);
  append_query(target, context.decision.credential, rendered, out);
  out.append(" HTTP/1.1\r\n");
  out.append("Host: ");
  if (upstream.host)
    out.append(*upstream.host);
  else if (context.resource->kind == policy::Kind::kInstance)
    out.append(context.exchange.framing().host);
  else
    upstream.url.append_authority(out);
  out.append("\r\n");
  const http::ConnectionOptions options(head);
  for (const http::Field& field : head.fields()) {
    if (field.id != FieldId::kOther && (bit(field.id) & kDropped) != 0) continue;
    if (options.hop_by_hop(field) || is_treacherous(field.name)) continue;
    append_client_field(context, field, rendered, out);
  }
  append_forwarded(context, out);
  append_identity(context, out);
  append_certificate(context, out);
  injected_at = out.size();
  append_framing(context, out);
  out.append("\r\n");
}

}  // namespace sallyport::proxy
