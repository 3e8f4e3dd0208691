#include "conf/config_shapes.h"

#include "base/units.h"
#include "conf/config_texts.h"

namespace sallyport::conf {
namespace {

// A reader's answer as a fault: its `what` is the message.
template <class T>
Fault fault_of(const Result<T>& result) {
  if (result) return {};
  switch (result.error().code) {
    case Code::kUnavailable:
      return {result.error().what, "not_in_this_version"};
    case Code::kLimit:
      return {result.error().what, "out_of_range"};
    default:
      return {result.error().what};
  }
}

Fault check_storage(std::string_view text) { return fault_of(parse_storage(text)); }
Fault check_master_key(std::string_view text) { return fault_of(parse_master_key(text)); }
Fault check_salt(std::string_view text) { return fault_of(parse_salt(text)); }
Fault check_gate(std::string_view text) { return fault_of(parse_gate(text)); }
Fault check_address(std::string_view text) { return fault_of(parse_listener_address(text)); }
Fault check_network(std::string_view text) { return fault_of(Cidr::parse(text)); }
Fault check_trusted_proxy(std::string_view text) { return fault_of(parse_trusted_proxy(text)); }
Fault check_anchor(std::string_view text) { return fault_of(parse_anchor(text)); }
Fault check_resolver(std::string_view text) {
  const auto endpoint = Endpoint::parse(text);
  return endpoint && endpoint->port != 0 ? Fault{} : Fault{"must be an address and a port like 192.0.2.53:53"};
}

template <uint64_t Min, uint64_t Max>
Fault check_size(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) return fault_of(size);
  if (*size >= Min && *size <= Max) return {};
  static_assert((Min == 1024 && Max == 1 << 20) || (Min == 256 && Max == 65536) || (Min == 65536 && Max == 1 << 30));
  if (Min == 1024) return {"must be between 1KiB and 1MiB", "out_of_range"};
  if (Min == 256) return {"must be between 256B and 64KiB", "out_of_range"};
  return {"must be between 64KiB and 1GiB", "out_of_range"};
}

template <int64_t MinMs>
Fault check_limit_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return fault_of(duration);
  if (duration->count() >= MinMs && duration->count() <= 3'600'000) return {};
  return {MinMs == 0 ? "must not be longer than 1h" : "must be between 10ms and 1h", "out_of_range"};
}

constexpr Shape size_text(TextCheck check) {
  return text_shape("a size like 512B, 32KiB or 16MiB", check, "^[0-9]+(B|KiB|MiB|GiB)?$");
}

constexpr Shape kPath = text_shape("a path", nullptr);

constexpr Shape kStorage = text_shape("sqlite:PATH", check_storage);
constexpr Shape kMasterKey =
    text_shape("file:PATH, env:NAME or exec:COMMAND", check_master_key, "^(file|env|exec):.+$");
constexpr Shape kMasterKeys = list_shape(&kMasterKey, 1, 8);
constexpr const Shape* kMasterKeyForms[] = {&kMasterKey, &kMasterKeys};
constexpr Shape kMasterKeyOrList =
    either_shape("file:PATH, env:NAME or exec:COMMAND, or a list of these", kMasterKeyForms);
constexpr Shape kSalt = text_shape("base64 of at least 16 bytes", check_salt, "^[A-Za-z0-9+/]+=*$");
constexpr Shape kGate = text_shape("an https URL like https://gate.example.test", check_gate, "^https://");
constexpr Shape kWorkers = integer_shape(1, 256);

constexpr Key kCertificateKeys[] = {{"cert", &kPath, Need::kRequired, "the certificate and its chain, PEM"},
                                    {"key", &kPath, Need::kRequired, "its private key, PEM"}};
constexpr Shape kCertificate = object_shape(kCertificateKeys);
constexpr Shape kCertificates = list_shape(&kCertificate, 1, 1000);
constexpr Choice kVersionChoices[] = {{"1.2"}, {"1.3"}};
constexpr Shape kVersion = choice_shape(kVersionChoices);
constexpr Choice kClientAuthChoices[] = {{"none"}, {"optional"}, {"required"}};
constexpr Shape kClientAuth = choice_shape(kClientAuthChoices);
constexpr Shape kClientCa = or_null(kPath);
constexpr Key kTlsKeys[] = {
    {"certificates", &kCertificates, Need::kRequired, "picked by the name that the client asks for"},
    {"min_version", &kVersion, Need::kOptional, "in quotes (\"1.2\")"},
    {"client_auth", &kClientAuth, Need::kOptional, "is a client asked for a certificate, must it have one? (none)"},
    {"client_ca", &kClientCa, Need::kOptional, "the authorities that clients' certificates must lead to, PEM"},
    {"http2", &kBoolShape, Need::kOptional, "HTTP/2 is offered, too (true)"}};
constexpr Shape kTls = object_shape(kTlsKeys);
constexpr Choice kKindChoices[] = {{"http"},
                                   {"admin"},
                                   {"sidecar", "this version does not do listeners of kind sidecar"},
                                   {"postgres", "this version does not do listeners of kind postgres"},
                                   {"mysql", "this version does not do listeners of kind mysql"},
                                   {"mqtt", "this version does not do listeners of kind mqtt"}};
constexpr Shape kKind = choice_shape(kKindChoices);
constexpr Choice kProxyProtocolChoices[] = {{"none"}, {"required"}};
constexpr Shape kProxyProtocol = choice_shape(kProxyProtocolChoices);
constexpr Shape kAddress = text_shape("an address and a port like 127.0.0.1:8443, or unix:PATH", check_address);
constexpr Key kListenerKeys[] = {
    {"address", &kAddress, Need::kRequired, "ADDRESS:PORT, [ADDRESS]:PORT (IPv6 only) or unix:PATH; port 0: any"},
    {"kind", &kKind, Need::kOptional, "http, or admin: plain /live, /ready and /metrics (http)"},
    {"tls", &kTls, Need::kOptional, "without it: loopback and unix sockets only, unless trusted_proxies is set"},
    {"proxy_protocol", &kProxyProtocol, Need::kOptional,
     "required: each connection begins with the PROXY header, v1 or v2, of one of trusted_proxies (none)"}};
constexpr Shape kListener = object_shape(kListenerKeys);
constexpr Shape kListeners = list_shape(&kListener, 1, 64);

constexpr Shape kTrustedProxy = text_shape("an address or a network like 10.0.0.0/8", check_trusted_proxy);
constexpr Shape kTrustedProxies = list_shape(&kTrustedProxy, 0, 10000);

constexpr Choice kSystemChoices[] = {{"system"}};
constexpr Shape kSystem = choice_shape(kSystemChoices);
constexpr Shape kResolver = text_shape("an address and a port like 192.0.2.53:53", check_resolver);
constexpr Shape kResolvers = list_shape(&kResolver, 1, 8);
constexpr const Shape* kResolverForms[] = {&kSystem, &kResolvers};
constexpr Shape kSystemOrResolvers = either_shape("system, or a list of ADDRESS:PORT", kResolverForms);

constexpr Choice kModeChoices[] = {{"batched"}, {"durable"}};
constexpr Shape kMode = choice_shape(kModeChoices);
constexpr Shape kAnchor = or_null(text_shape("a path", check_anchor));
constexpr Shape kLargeSize = size_text(check_size<65536, 1 << 30>);
constexpr Key kAuditKeys[] = {
    {"dir", &kPath, Need::kOptional, "where the segments go (audit)"},
    {"mode", &kMode, Need::kOptional, "durable: an entry is on the disk before the request goes on (batched)"},
    {"anchor", &kAnchor, Need::kOptional, "a file, elsewhere, that checkpoints are copied to"},
    {"segment", &kLargeSize, Need::kOptional, "size of one segment (16MiB)"}};
constexpr Shape kAudit = object_shape(kAuditKeys);

constexpr Shape kHeadBytes = size_text(check_size<1024, 1 << 20>);
constexpr Shape kTargetBytes = size_text(check_size<256, 65536>);
constexpr Shape kHeaderCount = integer_shape(8, 1000);
constexpr Shape kConnections = integer_shape(1, 1'000'000);
constexpr Shape kPerAddress = integer_shape(0, 1'000'000);
constexpr Shape kUncountedNetwork = text_shape("an address or a network like 10.0.0.0/8", check_network);
constexpr Shape kUncounted = list_shape(&kUncountedNetwork, 0, 1000);
constexpr Shape kUpstreamConnections = integer_shape(0, 65536);
constexpr Choice kUnderscoreChoices[] = {{"drop"}, {"refuse"}};
constexpr Shape kUnderscores = choice_shape(kUnderscoreChoices);
constexpr Shape kTimeout =
    text_shape("a duration like 500ms, 30s or 15m", check_limit_duration<10>, "^[0-9]+(ms|s|m|h|d)$");
constexpr Shape kDrain =
    text_shape("a duration like 500ms, 30s or 15m", check_limit_duration<0>, "^[0-9]+(ms|s|m|h|d)$");
constexpr Key kLimitKeys[] = {
    {"head_bytes", &kHeadBytes, Need::kOptional, "request line and headers together (32KiB)"},
    {"target_bytes", &kTargetBytes, Need::kOptional, "the request target (8KiB)"},
    {"headers", &kHeaderCount, Need::kOptional, "header fields of one request (100)"},
    {"connections", &kConnections, Need::kOptional, "of clients, all workers together (50000)"},
    {"connections_per_address", &kPerAddress, Need::kOptional, "of one client: an IPv4 address, an IPv6 /64 (5000)"},
    {"handshakes_per_address", &kPerAddress, Need::kOptional, "that one client begins in a second (500)"},
    {"uncounted", &kUncounted, Need::kOptional, "clients without those two ([127.0.0.0/8, ::1/128])"},
    {"upstream_connections", &kUpstreamConnections, Need::kOptional, "idle ones kept by each worker (1024)"},
    {"http2_memory", &kLargeSize, Need::kOptional, "what HTTP/2 connections hold for slow sides, all together (32MiB)"},
    {"websocket_message", &kLargeSize, Need::kOptional, "of either side (64MiB)"},
    {"underscores", &kUnderscores, Need::kOptional,
     "header names with '_' or any other mark than '-': drop or refuse (drop)"},
    {"tls_handshake", &kTimeout, Need::kOptional, "10s"},
    {"head", &kTimeout, Need::kOptional, "from the first byte of a head to its end (10s)"},
    {"idle", &kTimeout, Need::kOptional, "between requests (75s)"},
    {"body", &kTimeout, Need::kOptional, "without a byte of a request's body (30s)"},
    {"write", &kTimeout, Need::kOptional, "without a client taking a byte (30s)"},
    {"drain", &kDrain, Need::kOptional, "for what is open when the gateway stops (30s)"}};
constexpr Shape kLimits = object_shape(kLimitKeys);

constexpr Choice kLevelChoices[] = {{"debug"}, {"info"}, {"warning"}, {"error"}};
constexpr Shape kLevel = choice_shape(kLevelChoices);
constexpr Choice kFormatChoices[] = {{"json"}};
constexpr Shape kFormat = choice_shape(kFormatChoices);
constexpr Key kLogKeys[] = {{"level", &kLevel, Need::kOptional, "info"}, {"format", &kFormat, Need::kOptional, "json"}};
constexpr Shape kLog = object_shape(kLogKeys);

constexpr Key kKeys[] = {
    {"storage", &kStorage, Need::kRequired, "where resources, sessions and tokens are kept"},
    {"master_key", &kMasterKeyOrList, Need::kRequired, "the first is current, the others still open what they sealed"},
    {"salt", &kSalt, Need::kRequired, "unique per installation; made by `sallyport init`, never changed"},
    {"gate", &kGate, Need::kRequired, "where people sign in; its host carries no resource"},
    {"workers", &kWorkers, Need::kOptional, "threads that serve; default: one per core"},
    {"listeners", &kListeners, Need::kRequired, "where clients connect"},
    {"trusted_proxies", &kTrustedProxies, Need::kOptional, "whose word about the client is believed"},
    {"resolver", &kSystemOrResolvers, Need::kOptional, "name servers (system)"},
    {"audit", &kAudit, Need::kOptional, "the log of accesses"},
    {"limits", &kLimits, Need::kOptional, "how much, how many, how long"},
    {"log", &kLog, Need::kOptional, "on stderr"}};
constexpr Shape kConfiguration = object_shape(kKeys);

}  // namespace

const Shape& configuration_shape() { return kConfiguration; }

}  // namespace sallyport::conf
