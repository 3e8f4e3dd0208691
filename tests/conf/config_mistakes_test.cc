// Every mistake of a configuration with the very line that `sallyport check` prints. The twin that is accepted is the
// text beneath, or stands in node_config_test.cc.
#include <gtest/gtest.h>

#include <span>

#include "tests/conf/config_text.h"

namespace sallyport::conf {
namespace {

struct Row {
  int number;  // of the line that is replaced; 0: a line is added as the tenth
  const char* line;
  const char* expected;
};

void expect_rows(std::span<const Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(mistakes_of(with_line(row.number, row.line)), row.expected) << row.line;
}

TEST(ConfigMistakes, text_beneath_is_sound) { EXPECT_EQ(mistakes_of(kSoundConfig), ""); }

TEST(ConfigMistakes, storage_and_keys) {
  const Row rows[] = {
      {1, "", "gate.yaml:1: storage: is missing; expected sqlite:PATH"},
      {1, "storage:", "gate.yaml:1: storage: must be sqlite:PATH"},
      {1, "storage: sallyport.db", "gate.yaml:1: storage: must be sqlite:PATH"},
      {1, "storage: 'sqlite:'", "gate.yaml:1: storage: must be sqlite:PATH"},
      {1, "storage: sqlite:///var/lib/sallyport.db", "gate.yaml:1: storage: must be sqlite:PATH"},
      {1, "storage: 'sqlite::memory:'", "gate.yaml:1: storage: must be a file: what is in memory is lost at the end"},
      {1, "storage: postgresql://sallyport@db.test/gate",
       "gate.yaml:1: storage: this version does not do PostgreSQL storage; use sqlite:PATH"},
      {1, "storage: postgresql://sallyport:hunter2@db.test/gate",
       "gate.yaml:1: storage: must not hold a password; a password file (.pgpass) or a client certificate is the place "
       "for it"},
      {1, "storage: postgresql://db.test/gate?user=a&password=hunter2",
       "gate.yaml:1: storage: must not hold a password; a password file (.pgpass) or a client certificate is the place "
       "for it"},
      {1, "storage: [a]", "gate.yaml:1: storage: must be sqlite:PATH"},
      {1, "storage: \"sqlite:a\\0b\"", "gate.yaml:1: storage: must not hold control characters"},
      {2, "", "gate.yaml:1: master_key: is missing; expected file:PATH, env:NAME or exec:COMMAND, or a list of these"},
      {2, "master_key: aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=",
       "gate.yaml:2: master_key: must be file:PATH, env:NAME or exec:COMMAND"},
      {2, "master_key: 'file:'", "gate.yaml:2: master_key: must be file:PATH, env:NAME or exec:COMMAND"},
      {2, "master_key: vault:x", "gate.yaml:2: master_key: must be file:PATH, env:NAME or exec:COMMAND"},
      {2, "master_key: env:MASTER-KEY", "gate.yaml:2: master_key: env: must name an environment variable"},
      {2, "master_key: env:1A", "gate.yaml:2: master_key: env: must name an environment variable"},
      {2, "master_key: []", "gate.yaml:2: master_key: must not be empty"},
      {2, "master_key: [file:a, b]", "gate.yaml:2: master_key[1]: must be file:PATH, env:NAME or exec:COMMAND"},
      {2, "master_key: {file: a}",
       "gate.yaml:2: master_key: must be file:PATH, env:NAME or exec:COMMAND, or a list of these"},
      {2, "master_key: 12", "gate.yaml:2: master_key: must be file:PATH, env:NAME or exec:COMMAND, or a list of these"},
      {3, "", "gate.yaml:1: salt: is missing; expected base64 of at least 16 bytes"},
      {3, "salt: c2hvcnQ=", "gate.yaml:3: salt: must be base64 of 16 to 64 bytes; `sallyport init` makes one"},
      {3, "salt: '***'", "gate.yaml:3: salt: must be base64"},
      {3, "salt: c2FtcGxlLXNhbHQtZG8tbm90LXVzZQ", "gate.yaml:3: salt: must be base64"},
      {3, "salt: c2FtcGxlLXNhbHQtZG8tbm90LXVzZR==", "gate.yaml:3: salt: must be base64"},
      {3, "salt: 99999999999999999999", "gate.yaml:3: salt: is a number that is too large; put text in quotes"},
      {3, "salt: 1234567890", "gate.yaml:3: salt: must be base64 of at least 16 bytes, in quotes"},
  };
  expect_rows(rows);
}

TEST(ConfigMistakes, gate_and_workers) {
  const Row rows[] = {
      {4, "", "gate.yaml:1: gate: is missing; expected an https URL like https://gate.example.test"},
      {4, "gate: http://gate.localhost:8443",
       "gate.yaml:4: gate: must be an https URL; the cookies are for https alone"},
      {4, "gate: https://gate.localhost/console", "gate.yaml:4: gate: must be a host alone, without a path"},
      {4, "gate: https://gate.localhost/?a", "gate.yaml:4: gate: must be a host alone, without a path"},
      {0, "workers: many", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: 0", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: -1", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: 257", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: 2.0", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: '2'", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: 18446744073709551615", "gate.yaml:10: workers: must be a whole number from 1 to 256"},
      {0, "workers: 18446744073709551616", "gate.yaml:10: workers: is a number that is too large; put text in quotes"},
  };
  expect_rows(rows);
  for (const char* gate : {"gate.localhost", "https://", "https://user@gate.localhost", "https://gate.localhost:0",
                           "https://gate.localhost:99999", "https://127.1", "https://gate.localhost#x", "ftp://gate"})
    EXPECT_TRUE(mistakes_of(with_line(4, std::string("gate: '") + gate + "'")).starts_with("gate.yaml:4: gate: "))
        << gate;
}

TEST(ConfigMistakes, listeners) {
  constexpr const char* kAddressWords = "must be an address and a port like 127.0.0.1:8443 or [::1]:8443, or unix:PATH";
  const auto address = [&](const char* text) { return std::string("gate.yaml:6: listeners[0].address: ") + text; };
  for (const char* text : {"localhost:8443", "127.0.0.1", ":8443", "127.0.0.1:65536", "127.0.0.1:", "::1:8443", "[::1]",
                           "127.1:80", "*:80", "tcp:127.0.0.1:80", "127.0.0.1:80 ", "127.0.0.1:+80"})
    EXPECT_EQ(mistakes_of(with_line(6, std::string("  - address: '") + text + "'")), address(kAddressWords)) << text;
  EXPECT_EQ(mistakes_of(with_line(6, "  - address: unix:" + std::string(108, 'a'))),
            address("the path of a unix socket is at most 107 bytes long"));
  const Row rows[] = {
      {6, "  - address: 'unix:'", "gate.yaml:6: listeners[0].address: must name a path: unix:PATH"},
      {6, "  - address: 8443",
       "gate.yaml:6: listeners[0].address: must be an address and a port like 127.0.0.1:8443, or unix:PATH, in quotes"},
      {6, "  - proxy_protocol: none",
       "gate.yaml:6: listeners[0].address: is missing; expected an address and a port like 127.0.0.1:8443, or "
       "unix:PATH"},
      {7, "    kind: htpp", "gate.yaml:7: listeners[0].kind: must be http or admin, not `htpp`; did you mean `http`?"},
      {7, "    kind: sidecar", "gate.yaml:7: listeners[0].kind: this version does not do listeners of kind sidecar"},
      {7, "    kind: postgres", "gate.yaml:7: listeners[0].kind: this version does not do listeners of kind postgres"},
      {7, "    kind: mysql", "gate.yaml:7: listeners[0].kind: this version does not do listeners of kind mysql"},
      {7, "    kind: mqtt", "gate.yaml:7: listeners[0].kind: this version does not do listeners of kind mqtt"},
      {7, "    kind: admin", "gate.yaml:5: listeners: none of them is of kind http"},
      {7, "    proxy_protocol: v2", "gate.yaml:7: listeners[0].proxy_protocol: must be none or required, not `v2`"},
      {7, "    proxy_protocol: true", "gate.yaml:7: listeners[0].proxy_protocol: must be none or required, in quotes"},
      {7, "    proxy_protocol: required",
       "gate.yaml:7: listeners[0].proxy_protocol: without trusted_proxies nobody's PROXY header would be believed; "
       "name "
       "the proxies there"},
      {9, "    kind: admin\n    proxy_protocol: required\ntrusted_proxies: [10.0.0.1]",
       "gate.yaml:10: listeners[1].proxy_protocol: an admin listener takes no PROXY header"},
      {6, "  - address: unix:run/gate.sock\n    proxy_protocol: required\n  - address: 127.0.0.1:8443",
       "gate.yaml:7: listeners[0].proxy_protocol: a unix socket's other end has no address that trusted_proxies could "
       "name; listen on a loopback address"},
      {7, "    tls: {}", "gate.yaml:7: listeners[0].tls.certificates: is missing; expected a list"},
      {7, "    tls: true", "gate.yaml:7: listeners[0].tls: must be a mapping of keys to values"},
      {7, "    tls: {certificates: []}", "gate.yaml:7: listeners[0].tls.certificates: must not be empty"},
      {7, "    tls: {certificates: [{cert: a}]}",
       "gate.yaml:7: listeners[0].tls.certificates[0].key: is missing; expected a path"},
      {7, "    tls: {certificates: [{cert: a, key: ''}]}",
       "gate.yaml:7: listeners[0].tls.certificates[0].key: must not be empty; expected a path"},
      {7, "    tls: {certificates: [{cert: a, key: b}], min_version: 1.2}",
       "gate.yaml:7: listeners[0].tls.min_version: must be 1.2 or 1.3, in quotes"},
      {7, "    tls: {certificates: [{cert: a, key: b}], min_version: '1.1'}",
       "gate.yaml:7: listeners[0].tls.min_version: must be 1.2 or 1.3, not `1.1`; did you mean `1.2`?"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_auth: required}",
       "gate.yaml:7: listeners[0].tls.client_auth: needs client_ca, the authorities whose certificates count"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_auth: optional, client_ca: null}",
       "gate.yaml:7: listeners[0].tls.client_auth: needs client_ca, the authorities whose certificates count"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_ca: ca.pem}",
       "gate.yaml:7: listeners[0].tls.client_ca: is of no use unless client_auth is optional or required"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_auth: none, client_ca: ca.pem}",
       "gate.yaml:7: listeners[0].tls.client_ca: is of no use unless client_auth is optional or required"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_auth: require, client_ca: ca.pem}",
       "gate.yaml:7: listeners[0].tls.client_auth: must be none, optional or required, not `require`; did you "
       "mean `required`?"},
      {7, "    tls: {certificates: [{cert: a, key: b}], client_auth: required, client_ca: [ca.pem]}",
       "gate.yaml:7: listeners[0].tls.client_ca: must be a path"},
      {7, "    tls: {certificates: [{cert: a, key: b}], ciphers: ALL}",
       "gate.yaml:7: listeners[0].tls.ciphers: unknown key; known here: certificates, min_version, client_auth, "
       "client_ca or http2"},
      {8, "  - address: 127.0.0.1:8443",
       "gate.yaml:8: listeners[1].address: a listener above has this address already"},
      {8, "  - address: 0.0.0.0:9443",
       "gate.yaml:8: listeners[1]: without tls a listener is on a loopback address or a unix socket, unless "
       "trusted_proxies is set"},
      {8, "  - address: '[::]:9443'",
       "gate.yaml:8: listeners[1]: without tls a listener is on a loopback address or a unix socket, unless "
       "trusted_proxies is set"},
      {8, "  - address: 192.0.2.1:0",
       "gate.yaml:8: listeners[1]: without tls a listener is on a loopback address or a unix socket, unless "
       "trusted_proxies is set"},
      {8, "  - address: 127.0.0.1:9443\n    tls: {certificates: [{cert: a, key: b}]}",
       "gate.yaml:9: listeners[1].tls: an admin listener is plain HTTP; keep it on a loopback address"},
      {9, "    king: admin", "gate.yaml:9: listeners[1].king: unknown key; did you mean `kind`?"},
      {5, "listeners: []\nlimits:",
       "gate.yaml:5: listeners: must not be empty\n"
       "gate.yaml:6: limits: must be a mapping of keys to values"},
      {0, "listeners: []", "gate.yaml:10: listeners: stands twice; the first is on line 5"},
  };
  expect_rows(rows);
}

TEST(ConfigMistakes, empty_trusted_proxies_are_none) {
  EXPECT_EQ(mistakes_of(with_line(8, "  - address: 0.0.0.0:9443") + "trusted_proxies: []\n"),
            "gate.yaml:8: listeners[1]: without tls a listener is on a loopback address or a unix socket, unless "
            "trusted_proxies is set");
}

TEST(ConfigMistakes, networks_resolver_audit) {
  constexpr const char* kNetwork =
      "gate.yaml:10: trusted_proxies[0]: must be an address or a network like 10.0.0.0/8, with no bits behind the "
      "prefix";
  const Row rows[] = {
      {9, "    kind: http\n    proxy_protocol: required\ntrusted_proxies: []",
       "gate.yaml:10: listeners[1].proxy_protocol: without trusted_proxies nobody's PROXY header would be believed; "
       "name "
       "the proxies there"},
      {0, "trusted_proxies: 10.0.0.1", "gate.yaml:10: trusted_proxies: must be a list"},
      {0, "trusted_proxies: [0.0.0.0/0]",
       "gate.yaml:10: trusted_proxies[0]: would believe everybody; name the proxies"},
      {0, "trusted_proxies: ['::/0']", "gate.yaml:10: trusted_proxies[0]: would believe everybody; name the proxies"},
      {0, "trusted_proxies: ['::ffff:0.0.0.0/96']",
       "gate.yaml:10: trusted_proxies[0]: would believe everybody; name the proxies"},
      {0, "trusted_proxies: [10.0.0.1/8]", kNetwork},
      {0, "trusted_proxies: [10.0.0.0/33]", kNetwork},
      {0, "trusted_proxies: [proxy.test]", kNetwork},
      {0, "trusted_proxies:\n  - 10.0.0.0/8\n  - 10.0.0.1/8",
       "gate.yaml:12: trusted_proxies[1]: must be an address or a network like 10.0.0.0/8, with no bits behind the "
       "prefix"},
      {0, "resolver: 192.0.2.53:53", "gate.yaml:10: resolver: must be system, not `192.0.2.53:53`"},
      {0, "resolver: [192.0.2.53]", "gate.yaml:10: resolver[0]: must be an address and a port like 192.0.2.53:53"},
      {0, "resolver: [192.0.2.53:0]", "gate.yaml:10: resolver[0]: must be an address and a port like 192.0.2.53:53"},
      {0, "resolver: [dns.test:53]", "gate.yaml:10: resolver[0]: must be an address and a port like 192.0.2.53:53"},
      {0, "resolver: []", "gate.yaml:10: resolver: must not be empty"},
      {0, "audit: audit", "gate.yaml:10: audit: must be a mapping of keys to values"},
      {0, "audit: {mode: fast}", "gate.yaml:10: audit.mode: must be batched or durable, not `fast`"},
      {0, "audit: {dir: ''}", "gate.yaml:10: audit.dir: must not be empty; expected a path"},
      {0, "audit: {anchor: 'https://anchor.test/x'}",
       "gate.yaml:10: audit.anchor: this version does not do anchors at a URL; use a file"},
      {0, "audit: {segment: 1KiB}", "gate.yaml:10: audit.segment: must be between 64KiB and 1GiB"},
      {0, "audit: {segment: 16777216}",
       "gate.yaml:10: audit.segment: must be a size like 512B, 32KiB or 16MiB, in quotes"},
      {0, "audit: {ancor: x}", "gate.yaml:10: audit.ancor: unknown key; did you mean `anchor`?"},
  };
  expect_rows(rows);
}

TEST(ConfigMistakes, limits_and_log) {
  const Row rows[] = {
      {0, "limits: {head_bytes: lots}", "gate.yaml:10: limits.head_bytes: must be a size like 512B, 32KiB or 16MiB"},
      {0, "limits: {head_bytes: 32KB}", "gate.yaml:10: limits.head_bytes: must be a size like 512B, 32KiB or 16MiB"},
      {0, "limits: {head_bytes: 1.5MiB}", "gate.yaml:10: limits.head_bytes: must be a size like 512B, 32KiB or 16MiB"},
      {0, "limits: {head_bytes: -1KiB}", "gate.yaml:10: limits.head_bytes: must be a size like 512B, 32KiB or 16MiB"},
      {0, "limits: {head_bytes: 1023B}", "gate.yaml:10: limits.head_bytes: must be between 1KiB and 1MiB"},
      {0, "limits: {head_bytes: 2MiB}", "gate.yaml:10: limits.head_bytes: must be between 1KiB and 1MiB"},
      {0, "limits: {head_bytes: 99999999999999GiB}", "gate.yaml:10: limits.head_bytes: is too large"},
      {0, "limits: {head_bytes: 99999999999999999999999GiB}", "gate.yaml:10: limits.head_bytes: is too large"},
      {0, "limits: {target_bytes: 1B}", "gate.yaml:10: limits.target_bytes: must be between 256B and 64KiB"},
      {0, "limits: {head_bytes: 4KiB}",
       "gate.yaml:10: limits.head_bytes: target_bytes must be smaller than head_bytes"},
      {0, "limits: {head_bytes: 4KiB, target_bytes: 4KiB}",
       "gate.yaml:10: limits.target_bytes: target_bytes must be smaller than head_bytes"},
      {0, "limits: {headers: 5}", "gate.yaml:10: limits.headers: must be a whole number from 8 to 1000"},
      {0, "limits: {connections: 0}", "gate.yaml:10: limits.connections: must be a whole number from 1 to 1000000"},
      {0, "limits: {upstream_connections: -1}",
       "gate.yaml:10: limits.upstream_connections: must be a whole number from 0 to 65536"},
      {0, "limits: {underscores: keep}", "gate.yaml:10: limits.underscores: must be drop or refuse, not `keep`"},
      {0, "limits: {idle: 75}", "gate.yaml:10: limits.idle: must be a duration like 500ms, 30s or 15m, in quotes"},
      {0, "limits: {idle: 75 s}", "gate.yaml:10: limits.idle: must be a duration like 30s, 15m, 12h or 14d"},
      {0, "limits: {idle: 1w}", "gate.yaml:10: limits.idle: must be a duration like 30s, 15m, 12h or 14d"},
      {0, "limits: {idle: 0s}", "gate.yaml:10: limits.idle: must be between 10ms and 1h"},
      {0, "limits: {head: 61m}", "gate.yaml:10: limits.head: must be between 10ms and 1h"},
      {0, "limits: {drain: 2h}", "gate.yaml:10: limits.drain: must not be longer than 1h"},
      {0, "limits: {nonsense: 1}",
       "gate.yaml:10: limits.nonsense: unknown key; known here: head_bytes, target_bytes, "
       "headers, connections, connections_per_address, handshakes_per_address, uncounted, upstream_connections, "
       "http2_memory, websocket_message, underscores, tls_handshake, head, idle, body, write or drain"},
      {0, "limits: {uncounted: [10.0.0.1/8]}", "gate.yaml:10: limits.uncounted[0]: prefix has host bits set"},
      {0, "limits: {connections_per_address: -1}",
       "gate.yaml:10: limits.connections_per_address: must be a whole number from 0 to 1000000"},
      {0, "limits: {head-bytes: 1KiB}", "gate.yaml:10: limits.head-bytes: unknown key; did you mean `head_bytes`?"},
      {0, "log: {level: loud}", "gate.yaml:10: log.level: must be debug, info, warning or error, not `loud`"},
      {0, "log: {level: warn}", "gate.yaml:10: log.level: must be debug, info, warning or error, not `warn`"},
      {0, "log: {format: text}", "gate.yaml:10: log.format: must be json, not `text`"},
      {0, "log: info", "gate.yaml:10: log: must be a mapping of keys to values"},
      {0, "worker: 2", "gate.yaml:10: worker: unknown key; did you mean `workers`?"},
      {0, "Storage: x", "gate.yaml:10: Storage: unknown key; did you mean `storage`?"},
  };
  expect_rows(rows);
}

TEST(ConfigMistakes, all_of_them_at_once_in_the_order_of_the_lines) {
  EXPECT_EQ(mistakes_of("log: {level: loud}\n"
                        "gaet: https://gate.localhost\n"
                        "storage: sqlite:a\n"
                        "listeners:\n"
                        "  - kind: htpp\n"
                        "    address: nowhere\n"
                        "workers: many\n"
                        "salt: c2hvcnQ=\n"),
            "gate.yaml:1: gate: is missing; expected an https URL like https://gate.example.test\n"
            "gate.yaml:1: log.level: must be debug, info, warning or error, not `loud`\n"
            "gate.yaml:1: master_key: is missing; expected file:PATH, env:NAME or exec:COMMAND, or a list of these\n"
            "gate.yaml:2: gaet: unknown key; did you mean `gate`?\n"
            "gate.yaml:5: listeners[0].kind: must be http or admin, not `htpp`; did you mean `http`?\n"
            "gate.yaml:6: listeners[0].address: must be an address and a port like 127.0.0.1:8443 or [::1]:8443, or "
            "unix:PATH\n"
            "gate.yaml:7: workers: must be a whole number from 1 to 256\n"
            "gate.yaml:8: salt: must be base64 of 16 to 64 bytes; `sallyport init` makes one");
}

TEST(ConfigMistakes, what_is_no_configuration_at_all) {
  EXPECT_EQ(mistakes_of(""), "gate.yaml: is empty");
  EXPECT_EQ(mistakes_of("# nothing\n"), "gate.yaml: is empty");
  EXPECT_EQ(mistakes_of("- a\n- b\n"), "gate.yaml:1: must be a mapping of keys to values");
  EXPECT_EQ(mistakes_of("text"), "gate.yaml:1: must be a mapping of keys to values");
  EXPECT_EQ(mistakes_of(std::string(kSoundConfig) + "---\na: 1\n"), "gate.yaml:11: holds more than one document");
  EXPECT_EQ(mistakes_of("storage: [unclosed\n"), "gate.yaml:2: is no YAML: end of sequence flow not found");
  EXPECT_EQ(mistakes_of(std::string_view("storage: a\0\n", 12)), "gate.yaml:1: holds a control character");
  EXPECT_EQ(mistakes_of(std::string(kConfigBytesMax + 1, '#')), "gate.yaml: is larger than 1 MiB");
  EXPECT_EQ(mistakes_of(with_line(1, "storage: &x sqlite:a")), "gate.yaml:1: storage: anchors are not taken");
  EXPECT_EQ(mistakes_of(with_line(0, "gate: https://other.localhost")),
            "gate.yaml:10: gate: stands twice; the first is on line 4");
}

TEST(ConfigMistakes, a_file_that_cannot_be_read) {
  const auto lines_of = [](const char* file) {
    const auto config = read_node_config(file);
    return config ? "" : to_line(config.error().at(0));
  };
  EXPECT_EQ(lines_of("/nowhere/sallyport.yaml"), "/nowhere/sallyport.yaml: cannot be read: No such file or directory");
  EXPECT_EQ(lines_of("/"), "/: cannot be read: Is a directory");
}

}  // namespace
}  // namespace sallyport::conf
