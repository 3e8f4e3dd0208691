// Which keys of a changed configuration need a restart, and that a reload leaves exactly those as they are.
#include "cli/reloadable.h"

#include <gmock/gmock.h>

#include <functional>

namespace sallyport::cli {
namespace {

using conf::NodeConfig;
using testing::ElementsAre;
using testing::IsEmpty;
using Change = std::function<void(NodeConfig&)>;

NodeConfig config() {
  NodeConfig out;
  out.storage.sqlite_path = "/x/sallyport.db";
  out.master_keys = {{conf::MasterKeyFrom::kFile, "/x/master.key"}};
  out.salt = std::string(16, 's');
  out.gate = {.scheme = "https", .host = "gate.localhost", .port = 8443, .path = "/", .query = ""};
  out.workers = 2;
  conf::Listener listener;
  listener.address = Endpoint{};
  listener.tls = conf::ListenerTls{};
  listener.tls->certificates = {{"/x/cert.pem", "/x/key.pem"}};
  out.listeners = {listener};
  return out;
}

NodeConfig changed(const Change& change) {
  NodeConfig out = config();
  change(out);
  return out;
}

const Change kReloadable[] = {
    [](NodeConfig& c) { c.log_level = LogLevel::kDebug; },
    [](NodeConfig& c) { c.listeners[0].line = 99; },
    [](NodeConfig& c) { c.listeners.clear(); },
    [](NodeConfig& c) { c.listeners[0].tls->certificates[0].key_path = "y"; },
    [](NodeConfig& c) { c.listeners[0].address = std::string("/x/sock"); },
    [](NodeConfig& c) { c.trusted_proxies.push_back(*Cidr::parse("10.0.0.0/8")); },
    [](NodeConfig& c) { c.resolvers.emplace_back(); },
    [](NodeConfig& c) { c.limits.headers = 5; },
};

const std::pair<const char*, Change> kRestart[] = {
    {"storage", [](NodeConfig& c) { c.storage.sqlite_path += "x"; }},
    {"master_key", [](NodeConfig& c) { c.master_keys[0].value += "x"; }},
    {"master_key", [](NodeConfig& c) { c.master_keys[0].from = conf::MasterKeyFrom::kCommand; }},
    {"master_key", [](NodeConfig& c) { c.master_keys.push_back(c.master_keys[0]); }},
    {"salt", [](NodeConfig& c) { c.salt += "x"; }},
    {"gate", [](NodeConfig& c) { c.gate.port = 1; }},
    {"workers", [](NodeConfig& c) { c.workers = 3; }},
    {"audit", [](NodeConfig& c) { c.audit.mode = conf::AuditMode::kDurable; }},
    {"audit", [](NodeConfig& c) { c.audit.anchor = "/y"; }},
};

TEST(reloadable, names_what_needs_a_restart_and_nothing_else) {
  for (const Change& change : kReloadable) EXPECT_THAT(keys_that_need_restart(config(), changed(change)), IsEmpty());
  for (const auto& [key, change] : kRestart)
    EXPECT_THAT(keys_that_need_restart(config(), changed(change)), ElementsAre(key));
  const NodeConfig two = changed([](NodeConfig& c) {
    c.workers = 9;
    c.salt += "x";
  });
  EXPECT_THAT(keys_that_need_restart(config(), two), ElementsAre("salt", "workers"));
}

TEST(reloadable, what_needs_a_restart_stays_as_it_was) {
  for (const auto& [key, change] : kRestart)
    EXPECT_THAT(keys_that_need_restart(config(), reloadable_part(config(), changed(change))), IsEmpty()) << key;
}

TEST(reloadable, everything_else_is_taken) {
  const NodeConfig wanted = changed([](NodeConfig& c) {
    c.log_level = LogLevel::kDebug;
    c.trusted_proxies.push_back(*Cidr::parse("10.0.0.0/8"));
    c.resolvers.emplace_back();
    c.limits.headers = 5;
    c.listeners.resize(3);
    c.workers = 9;
  });
  const NodeConfig taken = reloadable_part(config(), wanted);
  EXPECT_EQ(taken.log_level, LogLevel::kDebug);
  EXPECT_EQ(taken.listeners.size(), 3u);
  EXPECT_EQ(taken.trusted_proxies.size(), 1u);
  EXPECT_EQ(taken.resolvers.size(), 1u);
  EXPECT_EQ(taken.limits.headers, 5u);
  EXPECT_EQ(taken.workers, 2);
}

}  // namespace
}  // namespace sallyport::cli
