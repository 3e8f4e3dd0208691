#include "cli/reload.h"

#include <algorithm>

namespace sallyport::cli {
namespace {

using namespace conf;

bool same(const MasterKeySource& a, const MasterKeySource& b) { return a.from == b.from && a.value == b.value; }
bool same(const TlsCertificate& a, const TlsCertificate& b) {
  return a.cert_path == b.cert_path && a.key_path == b.key_path;
}

bool same(const Listener& a, const Listener& b);

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}

bool same(const ListenerTls& a, const ListenerTls& b) {
  return same(a.certificates, b.certificates) && a.min_version == b.min_version && a.client_auth == b.client_auth &&
         a.client_ca_path == b.client_ca_path;
}
bool same(const Listener& a, const Listener& b) {
  return a.kind == b.kind && a.address == b.address && a.proxy_protocol == b.proxy_protocol &&
         a.tls.has_value() == b.tls.has_value() && (!a.tls || same(*a.tls, *b.tls));
}
bool same(const AuditConfig& a, const AuditConfig& b) {
  return a.dir == b.dir && a.mode == b.mode && a.anchor == b.anchor && a.segment_bytes == b.segment_bytes;
}
bool same(const Limits& a, const Limits& b) {
  const auto values = [](const Limits& l) {
    return std::tuple(l.head_bytes, l.target_bytes, l.headers, l.connections, l.upstream_connections,
                      l.websocket_message, l.drop_underscores, l.tls_handshake, l.head, l.idle, l.body, l.write, l.drain);
  };
  return values(a) == values(b);
}

}  // namespace

std::vector<std::string> keys_that_need_restart(const NodeConfig& running, const NodeConfig& wanted) {
  std::vector<std::string> out;
  const auto look = [&out](const char* key, bool is_same) {
    if (!is_same) out.emplace_back(key);
  };
  look("storage", running.storage.sqlite_path == wanted.storage.sqlite_path);
  look("master_key", same(running.master_keys, wanted.master_keys));
  look("salt", running.salt == wanted.salt);
  look("gate", running.gate.to_string() == wanted.gate.to_string());
  look("workers", running.workers == wanted.workers);
  look("listeners", same(running.listeners, wanted.listeners));
  look("trusted_proxies", running.trusted_proxies == wanted.trusted_proxies);
  look("resolver", running.resolvers == wanted.resolvers);
  look("audit", same(running.audit, wanted.audit));
  look("limits", same(running.limits, wanted.limits));
  return out;
}

}  // namespace sallyport::cli
