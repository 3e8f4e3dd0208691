// The configuration of this node (DESIGN section 5): one YAML file, every mistake reported at once with FILE:LINE.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/http/url.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/mistake.h"

namespace sallyport::conf {

struct TlsCertificate {
  std::string cert_path;
  std::string key_path;
};
enum class TlsVersion : uint8_t { k12, k13 };
enum class ClientAuth : uint8_t { kNone, kOptional, kRequired };

struct ListenerTls {
  std::vector<TlsCertificate> certificates;
  TlsVersion min_version = TlsVersion::k12;
  ClientAuth client_auth = ClientAuth::kNone;
  std::string client_ca_path;  // empty exactly where client_auth is kNone
  bool http2 = true;           // offered (ALPN)
};

enum class ListenerKind : uint8_t { kHttp, kAdmin };
std::string_view to_string(ListenerKind kind);

struct Listener {
  ListenerKind kind = ListenerKind::kHttp;
  std::variant<Endpoint, std::string> address;  // or the path of a unix socket ("unix:PATH")
  std::optional<ListenerTls> tls;
  bool proxy_protocol = false;  // required: the peer is a trusted proxy and begins with the PROXY header
  int line = 0;
};

enum class MasterKeyFrom : uint8_t { kFile, kEnvironment, kCommand };
struct MasterKeySource {
  MasterKeyFrom from = MasterKeyFrom::kFile;
  std::string value;  // path, variable name or command
};

struct StorageConfig {
  std::string sqlite_path;  // absolute or relative to the working directory, already resolved against the file
};

enum class AuditMode : uint8_t { kBatched, kDurable };
struct AuditConfig {
  std::string dir;
  AuditMode mode = AuditMode::kBatched;
  std::string anchor;  // a file (URLs are refused by this version); empty: see anchor_path()
  uint64_t segment_bytes = uint64_t{16} << 20;

  // Where checkpoints are copied to: without an anchor of the operator's, a file beside the segments. That one shows
  // edits and cuts of the segments alone; who can change both needs to be met by an anchor elsewhere.
  std::string anchor_path() const { return anchor.empty() ? dir + "/checkpoints" : anchor; }
};

CidrList loopback();  // 127.0.0.0/8 and ::1

struct Limits {
  size_t head_bytes = 32 * 1024;
  size_t target_bytes = 8 * 1024;
  size_t headers = 100;
  size_t connections = 50000;
  size_t connections_per_address = 5000;        // an IPv4 address or an IPv6 /64; 0: no limit
  size_t handshakes_per_address = 500;          // begun in a second; 0: no limit
  CidrList uncounted = loopback();              // clients without those two
  size_t upstream_connections = 1024;           // idle ones kept per worker
  size_t http2_memory = 32 * 1024 * 1024;       // what HTTP/2 connections hold, all workers together
  size_t websocket_message = 64 * 1024 * 1024;  // bytes of one message, of either side
  bool drop_underscores = true;                 // key `underscores: drop|refuse`
  std::chrono::milliseconds tls_handshake{10000};
  std::chrono::milliseconds head{10000};   // from the first byte of a head to its end
  std::chrono::milliseconds idle{75000};   // keep-alive between requests
  std::chrono::milliseconds body{30000};   // without progress of a request body
  std::chrono::milliseconds write{30000};  // without progress of a response to a slow client
  std::chrono::milliseconds drain{30000};
};

struct NodeConfig {
  std::string file;
  std::string dir;  // of the file
  StorageConfig storage;
  std::vector<MasterKeySource> master_keys;  // the first is the current one
  std::string salt;                          // bytes, at least 16
  http::Url gate;
  int workers = 0;  // resolved: at least 1
  std::vector<Listener> listeners;
  CidrList trusted_proxies;
  std::vector<Endpoint> resolvers;  // empty: the system's
  AuditConfig audit;
  Limits limits;
  LogLevel log_level = LogLevel::kInfo;
  // For the mistakes that only opening a file or an address shows: the line of "listeners[0].tls.certificates[0].key"
  // or the nearest key above it; 0 when the configuration came from no file.
  std::map<std::string, int> lines;
  int line_of(std::string path) const;
};

constexpr size_t kConfigBytesMax = size_t{1} << 20;

// errors: every mistake of the file, in the order of its lines; also an unreadable file (one mistake without a line).
// Certificates and keys are not opened here: check_files() does, for `check` and `serve`.
std::expected<NodeConfig, Mistakes> read_node_config(const std::string& file);
// The same for text that came from `file`.
std::expected<NodeConfig, Mistakes> parse_node_config(std::string_view text, const std::string& file);

// Readability of the named files, permissions of the master key file (group or world access is a mistake), and the
// well-formedness that needs no OpenSSL. At a reload environment variables are not looked for: what serve read from
// one, it has wiped.
enum class CheckAt : uint8_t { kStart, kReload };
Mistakes check_files(const NodeConfig& config, CheckAt at = CheckAt::kStart);

// The JSON Schema (draft 2020-12) of the file, as `sallyport schema configuration` prints it; the same table as the
// reader's.
nlohmann::json configuration_schema();

}  // namespace sallyport::conf
