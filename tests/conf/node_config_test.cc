#include "conf/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conf/config_text.h"

namespace sallyport::conf {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NodeConfig read(std::string_view text, const std::string& file = "dir/gate.yaml") {
  auto config = parse_node_config(text, file);
  EXPECT_TRUE(config) << mistakes_of(text);
  return config ? *std::move(config) : NodeConfig{};
}

TEST(NodeConfig, the_short_one_with_its_defaults) {
  const NodeConfig config = read(kSoundConfig);
  EXPECT_EQ(config.file, "dir/gate.yaml");
  EXPECT_EQ(config.dir, "dir");
  EXPECT_EQ(config.storage.sqlite_path, "dir/sallyport.db");
  ASSERT_EQ(config.master_keys.size(), 1u);
  EXPECT_EQ(config.master_keys[0].from, MasterKeyFrom::kFile);
  EXPECT_EQ(config.master_keys[0].value, "dir/master.key");
  EXPECT_EQ(config.salt, "sample-salt-do-not-use");
  EXPECT_EQ(config.gate.to_string(), "https://gate.localhost:8443/");
  EXPECT_GE(config.workers, 1);
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].kind, ListenerKind::kHttp);
  EXPECT_EQ(std::get<Endpoint>(config.listeners[0].address).to_string(), "127.0.0.1:8443");
  ASSERT_TRUE(config.listeners[0].tls);
  EXPECT_EQ(config.listeners[0].tls->certificates.at(0).cert_path, "dir/tls/cert.pem");
  EXPECT_EQ(config.listeners[0].tls->certificates.at(0).key_path, "dir/tls/key.pem");
  EXPECT_EQ(config.listeners[0].tls->min_version, TlsVersion::k12);
  EXPECT_EQ(config.listeners[0].line, 6);
  EXPECT_EQ(config.listeners[1].kind, ListenerKind::kAdmin);
  EXPECT_FALSE(config.listeners[1].tls);
  EXPECT_EQ(config.listeners[1].line, 8);
  EXPECT_TRUE(config.trusted_proxies.empty());
  EXPECT_TRUE(config.resolvers.empty());
  EXPECT_EQ(config.audit.dir, "dir/audit");
  EXPECT_EQ(config.audit.mode, AuditMode::kBatched);
  EXPECT_EQ(config.audit.anchor, "");
  EXPECT_EQ(config.audit.segment_bytes, 16u << 20);
  EXPECT_EQ(config.limits.head_bytes, 32u * 1024);
  EXPECT_EQ(config.limits.connections, 50000u);
  EXPECT_TRUE(config.limits.drop_underscores);
  EXPECT_EQ(config.limits.drain, seconds{30});
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
  EXPECT_EQ(config.line_of("listeners[0].tls.certificates[0].key"), 7);
  EXPECT_EQ(config.line_of("listeners[1].tls"), 8);
  EXPECT_EQ(config.line_of("audit.anchor"), 1);
}

constexpr const char* kFullConfig = R"(storage: sqlite:/var/lib/sallyport/gate.db
master_key: [env:NEW_KEY, "exec:pass show old | head -1", file:/etc/old.key]
salt: c2FtcGxlLXNhbHQtZG8tbm90LXVzZQ==
gate: https://[2001:db8::1]
workers: 7
listeners:
  - address: "[::]:443"
    tls: {certificates: [{cert: /a, key: b}, {cert: c, key: d}], min_version: "1.3", client_auth: none, client_ca: null}
    proxy_protocol: required
  - address: unix:run/gate.sock
  - {address: 192.0.2.1:80, kind: http}
  - {address: 192.0.2.1:443, tls: {certificates: [{cert: a, key: b}], client_auth: required, client_ca: ca/clients.pem}}
  - {address: 192.0.2.1:444, tls: {certificates: [{cert: a, key: b}], client_auth: optional, client_ca: /ca.pem}}
  - {address: 127.0.0.1:0, kind: admin}
  - {address: 127.0.0.1:0, kind: admin}
trusted_proxies: [10.0.0.0/8, "::ffff:192.0.2.0/120", "2001:db8::7"]
resolver: [192.0.2.53:53, "[2001:db8::53]:5353"]
audit: {dir: /var/log/audit, mode: durable, anchor: /mnt/anchor, segment: 64KiB}
limits: {head_bytes: 1MiB, target_bytes: "300", headers: 8, connections: 1, upstream_connections: 0,
         underscores: refuse, tls_handshake: 1s, head: 2s, idle: 1h, body: 10ms, write: 5m, drain: 0s}
log: {level: debug, format: json}
)";

TEST(NodeConfig, every_key_with_another_value) {
  const NodeConfig config = read(kFullConfig, "gate.yaml");
  EXPECT_EQ(config.dir, ".");
  EXPECT_EQ(config.storage.sqlite_path, "/var/lib/sallyport/gate.db");
  ASSERT_EQ(config.master_keys.size(), 3u);
  EXPECT_EQ(config.master_keys[0].from, MasterKeyFrom::kEnvironment);
  EXPECT_EQ(config.master_keys[0].value, "NEW_KEY");
  EXPECT_EQ(config.master_keys[1].from, MasterKeyFrom::kCommand);
  EXPECT_EQ(config.master_keys[1].value, "pass show old | head -1");
  EXPECT_EQ(config.master_keys[2].value, "/etc/old.key");
  EXPECT_EQ(config.gate.host, "2001:db8::1");
  EXPECT_EQ(config.gate.port, 443);
  EXPECT_EQ(config.workers, 7);
  ASSERT_EQ(config.listeners.size(), 7u);
  EXPECT_EQ(config.listeners[0].tls->client_auth, ClientAuth::kNone);
  EXPECT_EQ(config.listeners[0].tls->client_ca_path, "");
  EXPECT_EQ(config.listeners[3].tls->client_auth, ClientAuth::kRequired);
  EXPECT_EQ(config.listeners[3].tls->client_ca_path, "ca/clients.pem");
  EXPECT_EQ(config.listeners[4].tls->client_auth, ClientAuth::kOptional);
  EXPECT_EQ(config.listeners[4].tls->client_ca_path, "/ca.pem");
  EXPECT_EQ(config.listeners[0].tls->min_version, TlsVersion::k13);
  EXPECT_TRUE(config.listeners[0].proxy_protocol);
  EXPECT_FALSE(config.listeners[2].proxy_protocol);
  EXPECT_EQ(config.listeners[0].tls->certificates.at(0).cert_path, "/a");
  EXPECT_EQ(config.listeners[0].tls->certificates.at(1).key_path, "d");
  EXPECT_EQ(std::get<std::string>(config.listeners[1].address), "run/gate.sock");
  ASSERT_EQ(config.trusted_proxies.size(), 3u);
  EXPECT_EQ(config.trusted_proxies[1].to_string(), "192.0.2.0/24");
  ASSERT_EQ(config.resolvers.size(), 2u);
  EXPECT_EQ(config.resolvers[1].to_string(), "[2001:db8::53]:5353");
  EXPECT_EQ(config.audit.dir, "/var/log/audit");
  EXPECT_EQ(config.audit.mode, AuditMode::kDurable);
  EXPECT_EQ(config.audit.anchor, "/mnt/anchor");
  EXPECT_EQ(config.audit.segment_bytes, 65536u);
  EXPECT_EQ(config.limits.head_bytes, 1u << 20);
  EXPECT_EQ(config.limits.target_bytes, 300u);
  EXPECT_EQ(config.limits.headers, 8u);
  EXPECT_EQ(config.limits.connections, 1u);
  EXPECT_EQ(config.limits.upstream_connections, 0u);
  EXPECT_FALSE(config.limits.drop_underscores);
  EXPECT_EQ(config.limits.tls_handshake, seconds{1});
  EXPECT_EQ(config.limits.head, seconds{2});
  EXPECT_EQ(config.limits.idle, seconds{3600});
  EXPECT_EQ(config.limits.body, milliseconds{10});
  EXPECT_EQ(config.limits.write, seconds{300});
  EXPECT_EQ(config.limits.drain, seconds{0});
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
}

TEST(NodeConfig, plain_listeners_that_stay_near) {
  for (const char* address : {"127.0.0.1:80", "127.9.9.9:80", "'[::1]:80'", "unix:/run/gate.sock"})
    EXPECT_EQ(mistakes_of(with_line(8, std::string("  - address: ") + address)), "") << address;
  const std::string far = with_line(8, "  - address: 0.0.0.0:80");
  EXPECT_NE(mistakes_of(far), "");
  EXPECT_EQ(mistakes_of(far + "trusted_proxies: [192.0.2.1]\n"), "");
}

TEST(NodeConfig, the_proxy_protocol_is_for_who_names_its_proxies) {
  const std::string proxied = with_line(7, "    proxy_protocol: required");
  EXPECT_NE(mistakes_of(proxied), "");
  EXPECT_TRUE(read(proxied + "trusted_proxies: [192.0.2.1]\n").listeners[0].proxy_protocol);
  EXPECT_FALSE(read(with_line(7, "    proxy_protocol: none")).listeners[0].proxy_protocol);
  EXPECT_EQ(mistakes_of(with_line(9, "    kind: admin\n    proxy_protocol: none")), "");
}

TEST(NodeConfig, reads_json_as_well) {
  EXPECT_EQ(read(R"({"storage": "sqlite:a", "master_key": "env:K", "salt": "c2FtcGxlLXNhbHQtZG8tbm90LXVzZQ==",
                     "gate": "https://g.test", "listeners": [{"address": "127.0.0.1:0"}]})")
                .listeners.size(),
            1u);
}

TEST(NodeConfig, listener_kinds_have_names) {
  EXPECT_EQ(to_string(ListenerKind::kHttp), "http");
  EXPECT_EQ(to_string(ListenerKind::kAdmin), "admin");
}

}  // namespace
}  // namespace sallyport::conf
