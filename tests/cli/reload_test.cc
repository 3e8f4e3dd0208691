// Which keys of a changed configuration need a restart.
#include "cli/reload.h"

#include <gmock/gmock.h>

namespace sallyport::cli {
namespace {

using conf::NodeConfig;
using testing::ElementsAre;
using testing::IsEmpty;

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

TEST(reload, the_same_and_another_log_level_need_none) {
  NodeConfig wanted = config();
  wanted.log_level = LogLevel::kDebug;
  wanted.listeners[0].line = 99;
  EXPECT_THAT(keys_that_need_restart(config(), wanted), IsEmpty());
}

TEST(reload, every_other_key_is_named) {
  const auto changed = [](auto change) {
    NodeConfig wanted = config();
    change(wanted);
    return keys_that_need_restart(config(), wanted);
  };
  EXPECT_THAT(changed([](NodeConfig& c) { c.storage.sqlite_path += "x"; }), ElementsAre("storage"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.master_keys[0].value += "x"; }), ElementsAre("master_key"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.master_keys.push_back(c.master_keys[0]); }), ElementsAre("master_key"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.salt += "x"; }), ElementsAre("salt"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.gate.port = 1; }), ElementsAre("gate"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.workers = 3; }), ElementsAre("workers"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.listeners.clear(); }), ElementsAre("listeners"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.listeners[0].tls.reset(); }), ElementsAre("listeners"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.listeners[0].tls->certificates[0].key_path = "y"; }),
              ElementsAre("listeners"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.listeners[0].address = std::string("/x/sock"); }),
              ElementsAre("listeners"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.trusted_proxies.push_back(*Cidr::parse("10.0.0.0/8")); }),
              ElementsAre("trusted_proxies"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.resolvers.emplace_back(); }), ElementsAre("resolver"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.audit.mode = conf::AuditMode::kDurable; }), ElementsAre("audit"));
  EXPECT_THAT(changed([](NodeConfig& c) { c.limits.headers = 5; }), ElementsAre("limits"));
  EXPECT_THAT(changed([](NodeConfig& c) {
                c.salt += "x";
                c.workers = 9;
              }),
              ElementsAre("salt", "workers"));
}

}  // namespace
}  // namespace sallyport::cli
