#include "conf/node_config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/shape.h"
#include "base/units.h"
#include "conf/config_shapes.h"
#include "conf/config_texts.h"
#include "conf/yaml_json.h"

namespace sallyport::conf {
namespace {

using Json = nlohmann::json;

void add(Mistakes& mistakes, std::string path, std::string message, std::string code) {
  mistakes.push_back({std::move(path), std::move(message), std::move(code), "", 0});
}

// Reads the values of a document that has been held against its shape; what was refused there stays at its default.
class Reader {
 public:
  Reader(const Json& document, NodeConfig& out, Mistakes& mistakes)
      : document_(document), out_(out), mistakes_(mistakes) {}

  void read() {
    if (const auto storage = text_at(document_, "storage")) {
      if (const auto path = parse_storage(*storage)) out_.storage.sqlite_path = resolved(*path);
    }
    read_master_keys();
    if (const auto salt = text_at(document_, "salt")) out_.salt = parse_salt(*salt).value_or("");
    if (const auto gate = text_at(document_, "gate")) {
      if (auto url = parse_gate(*gate)) out_.gate = *std::move(url);
    }
    const int cores = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
    out_.workers = static_cast<int>(integer_at(document_, "workers").value_or(cores));
    for_each_text(document_, "trusted_proxies", [this](std::string_view text) {
      if (const auto cidr = parse_trusted_proxy(text)) out_.trusted_proxies.push_back(*cidr);
    });
    for_each_text(document_, "resolver", [this](std::string_view text) {
      if (const auto endpoint = Endpoint::parse(text)) out_.resolvers.push_back(*endpoint);
    });
    read_listeners();
    read_audit();
    read_limits();
    read_log();
  }

 private:
  std::string resolved(std::string_view path) const {
    const std::filesystem::path given(path);
    return given.is_absolute() ? given.string() : (std::filesystem::path(out_.dir) / given).lexically_normal().string();
  }

  template <class F>
  static void for_each_text(const Json& object, std::string_view key, F&& each) {
    const Json* list = member(object, key);
    if (!list || !list->is_array()) return;
    for (const Json& entry : *list) {
      if (entry.is_string()) each(std::string_view(entry.get_ref<const std::string&>()));
    }
  }

  void read_master_keys() {
    const auto take = [this](std::string_view text) {
      auto source = parse_master_key(text);
      if (!source) return;
      if (source->from == MasterKeyFrom::kFile) source->value = resolved(source->value);
      out_.master_keys.push_back(*std::move(source));
    };
    if (const auto one = text_at(document_, "master_key")) take(*one);
    for_each_text(document_, "master_key", take);
  }

  void read_client_auth(const Json& tls, const std::string& path, ListenerTls& out) {
    const auto word = text_at(tls, "client_auth");
    if (word == "optional") out.client_auth = ClientAuth::kOptional;
    if (word == "required") out.client_auth = ClientAuth::kRequired;
    const auto ca = text_at(tls, "client_ca");
    if (ca) out.client_ca_path = resolved(*ca);
    if (!is_clean(mistakes_, path)) return;
    if (out.client_auth != ClientAuth::kNone && !ca)
      add(mistakes_, join_path(path, "client_auth"), "needs client_ca, the authorities whose certificates count",
          "missing");
    if (out.client_auth == ClientAuth::kNone && ca)
      add(mistakes_, join_path(path, "client_ca"), "is of no use unless client_auth is optional or required",
          "conflict");
  }

  ListenerTls read_tls(const Json& tls, const std::string& path) {
    ListenerTls out;
    if (text_at(tls, "min_version") == "1.3") out.min_version = TlsVersion::k13;
    out.http2 = bool_at(tls, "http2", true);
    read_client_auth(tls, path, out);
    const Json* certificates = member(tls, "certificates");
    if (!certificates || !certificates->is_array()) return out;
    for (const Json& entry : *certificates) {
      out.certificates.push_back(
          {resolved(text_at(entry, "cert").value_or("")), resolved(text_at(entry, "key").value_or(""))});
    }
    return out;
  }

  // Plain text may leave this machine only towards a proxy that is known.
  void check_plain(const Listener& listener, const std::string& path) {
    const auto* endpoint = std::get_if<Endpoint>(&listener.address);
    if (listener.tls || !endpoint || is_loopback(endpoint->address)) return;
    const Json* proxies = member(document_, "trusted_proxies");
    if (proxies && !proxies->empty()) return;
    add(mistakes_, path,
        "without tls a listener is on a loopback address or a unix socket, unless trusted_proxies is set", "conflict");
  }

  // A PROXY header is believed from a trusted proxy alone, so without one nobody could connect.
  void check_proxy_protocol(const Listener& listener, const std::string& path) {
    if (!listener.proxy_protocol) return;
    const auto refuse = [&](const char* message) { add(mistakes_, path + ".proxy_protocol", message, "conflict"); };
    if (listener.kind == ListenerKind::kAdmin)
      refuse("an admin listener takes no PROXY header");
    else if (std::holds_alternative<std::string>(listener.address))
      refuse("a unix socket's other end has no address that trusted_proxies could name; listen on a loopback address");
    else if (const Json* proxies = member(document_, "trusted_proxies"); !proxies || proxies->empty())
      refuse("without trusted_proxies nobody's PROXY header would be believed; name the proxies there");
  }

  void read_listeners() {
    const Json* list = member(document_, "listeners");
    if (!list || !list->is_array()) return;
    std::set<std::string> addresses;
    bool serves = list->empty();
    for (size_t i = 0; i < list->size(); ++i) {
      const Json& entry = (*list)[i];
      const std::string path = join_path("listeners", i);
      Listener listener;
      if (text_at(entry, "kind") == "admin") listener.kind = ListenerKind::kAdmin;
      if (const Json* tls = member(entry, "tls")) {
        listener.tls = read_tls(*tls, path + ".tls");
        if (listener.kind == ListenerKind::kAdmin)
          add(mistakes_, path + ".tls", "an admin listener is plain HTTP; keep it on a loopback address", "conflict");
      }
      serves = serves || listener.kind == ListenerKind::kHttp;
      const auto text = text_at(entry, "address");
      const auto address = text ? parse_listener_address(*text) : fail(Code::kMalformed, Side::kClient, "");
      if (!address) continue;
      listener.address = *address;
      if (auto* socket = std::get_if<std::string>(&listener.address)) *socket = resolved(*socket);
      check_plain(listener, path);
      listener.proxy_protocol = text_at(entry, "proxy_protocol") == "required";
      check_proxy_protocol(listener, path);
      const auto* endpoint = std::get_if<Endpoint>(&listener.address);
      const std::string key = endpoint ? endpoint->to_string() : std::get<std::string>(listener.address);
      if (!(endpoint && endpoint->port == 0) && !addresses.insert(key).second)
        add(mistakes_, path + ".address", "a listener above has this address already", "conflict");
      out_.listeners.push_back(std::move(listener));
    }
    if (!serves && is_clean(mistakes_, "listeners"))
      add(mistakes_, "listeners", "none of them is of kind http", "missing");
  }

  void read_audit() {
    const Json empty = Json::object();
    const Json* given = member(document_, "audit");
    const Json& audit = given ? *given : empty;
    out_.audit.dir = resolved(text_at(audit, "dir").value_or("audit"));
    if (text_at(audit, "mode") == "durable") out_.audit.mode = AuditMode::kDurable;
    if (const auto anchor = text_at(audit, "anchor")) out_.audit.anchor = resolved(*anchor);
    read_size(audit, "segment", out_.audit.segment_bytes);
  }

  template <class Number>
  static void read_size(const Json& object, std::string_view key, Number& out) {
    const auto text = text_at(object, key);
    if (!text) return;
    if (const auto size = parse_size(*text)) out = static_cast<Number>(*size);
  }
  static void read_count(const Json& object, std::string_view key, size_t& out) {
    if (const auto number = integer_at(object, key)) out = static_cast<size_t>(std::max<int64_t>(*number, 0));
  }
  static void read_duration(const Json& object, std::string_view key, std::chrono::milliseconds& out) {
    const auto text = text_at(object, key);
    if (!text) return;
    if (const auto duration = parse_duration(*text)) out = *duration;
  }

  void read_limits() {
    const Json* given = member(document_, "limits");
    if (!given) return;
    Limits& limits = out_.limits;
    read_size(*given, "head_bytes", limits.head_bytes);
    read_size(*given, "target_bytes", limits.target_bytes);
    read_count(*given, "headers", limits.headers);
    read_count(*given, "connections", limits.connections);
    read_count(*given, "connections_per_address", limits.connections_per_address);
    read_count(*given, "handshakes_per_address", limits.handshakes_per_address);
    if (member(*given, "uncounted")) limits.uncounted.clear();
    for_each_text(*given, "uncounted", [&limits](std::string_view text) {
      if (const auto network = Cidr::parse(text)) limits.uncounted.push_back(*network);
    });
    read_count(*given, "upstream_connections", limits.upstream_connections);
    read_size(*given, "http2_memory", limits.http2_memory);
    read_size(*given, "websocket_message", limits.websocket_message);
    limits.drop_underscores = text_at(*given, "underscores") != "refuse";
    read_duration(*given, "tls_handshake", limits.tls_handshake);
    read_duration(*given, "head", limits.head);
    read_duration(*given, "idle", limits.idle);
    read_duration(*given, "body", limits.body);
    read_duration(*given, "write", limits.write);
    read_duration(*given, "drain", limits.drain);
    if (limits.target_bytes >= limits.head_bytes && is_clean(mistakes_, "limits"))
      add(mistakes_, member(*given, "target_bytes") ? "limits.target_bytes" : "limits.head_bytes",
          "target_bytes must be smaller than head_bytes", "conflict");
  }

  void read_log() {
    const Json* log = member(document_, "log");
    const auto level = log ? text_at(*log, "level") : std::nullopt;
    if (level == "debug") out_.log_level = LogLevel::kDebug;
    if (level == "warning") out_.log_level = LogLevel::kWarning;
    if (level == "error") out_.log_level = LogLevel::kError;
  }

  const Json& document_;
  NodeConfig& out_;
  Mistakes& mistakes_;
};

Mistakes single(const std::string& file, std::string message, std::string code, int line = 0) {
  return {{"", std::move(message), std::move(code), file, line}};
}

int line_in(const std::map<std::string, int>& lines, std::string path) {
  while (true) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    if (path.empty()) return 0;
    const size_t cut = path.find_last_of(".[");
    path.resize(cut == path.npos ? 0 : cut);
  }
}

}  // namespace

std::string_view to_string(ListenerKind kind) { return kind == ListenerKind::kAdmin ? "admin" : "http"; }

CidrList loopback() { return {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("::1/128")}; }

int NodeConfig::line_of(std::string path) const { return line_in(lines, std::move(path)); }

std::expected<NodeConfig, Mistakes> parse_node_config(std::string_view text, const std::string& file) {
  if (text.size() > kConfigBytesMax) return std::unexpected(single(file, "is larger than 1 MiB", "limit"));
  auto documents = read_yaml(text, file);
  if (!documents) return std::unexpected(std::move(documents.error()));
  if (documents->empty()) return std::unexpected(single(file, "is empty", "missing"));
  if (documents->size() > 1)
    return std::unexpected(single(file, "holds more than one document", "conflict", (*documents)[1].first_line));
  const YamlDocument& document = documents->front();
  NodeConfig config;
  config.file = file;
  config.dir = std::filesystem::path(file).parent_path().string();
  if (config.dir.empty()) config.dir = ".";
  config.lines = document.lines;
  Mistakes mistakes;
  check_shape(document.json(), configuration_shape(), mistakes);
  if (document.json().is_object()) Reader(document.json(), config, mistakes).read();
  if (!mistakes.empty()) {
    locate_mistakes(mistakes, document, file);
    std::ranges::sort(mistakes, [](const Mistake& a, const Mistake& b) {
      return a.line != b.line ? a.line < b.line : a.path != b.path ? a.path < b.path : a.message < b.message;
    });
    return std::unexpected(std::move(mistakes));
  }
  for (size_t i = 0; i < config.listeners.size(); ++i)
    config.listeners[i].line = config.line_of(join_path("listeners", i));
  return config;
}

std::expected<NodeConfig, Mistakes> read_node_config(const std::string& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text(kConfigBytesMax + 1, '\0');
  if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    const int error = errno;
    return std::unexpected(single(file, "cannot be read: " + std::string(std::strerror(error)), "unreadable"));
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  return parse_node_config(text, file);
}

Json configuration_schema() {
  Json out = schema_of(configuration_shape());
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = "configuration";
  return out;
}

}  // namespace sallyport::conf
