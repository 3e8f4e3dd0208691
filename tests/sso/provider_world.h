// AccountWorld with identity providers that answer by a test's own words: what they say of themselves and their keys,
// after as long as the test wants.
#pragma once

#include <condition_variable>
#include <future>
#include <map>
#include <set>

#include "tests/sso/account_world.h"
#include "tests/sso/jose_signer.h"

namespace sallyport::sso {

// OpenID providers, each at https://NAME.test.
class InventedProviders final : public Fetcher {
 public:
  Result<FetchReply> fetch(const FetchRequest& request) override {
    const std::string host = request.url.host;
    std::optional<std::shared_future<void>> wait;
    {
      const std::lock_guard lock(mutex_);
      ++asked_[host];
      if (held_.contains(host)) wait = held_[host].second;
    }
    changed_.notify_all();
    if (wait) wait->wait();
    const std::lock_guard lock(mutex_);
    if (away_.contains(host)) return fail(Code::kUnavailable, request.side, "nobody answers");
    FetchReply out;
    out.status = 200;
    out.content_type = "application/json";
    const std::string issuer = "https://" + host;
    out.body = request.url.path == "/jwks" ? signer_.jwks()
                                           : nlohmann::json{{"issuer", issuer},
                                                            {"authorization_endpoint", issuer + "/auth"},
                                                            {"token_endpoint", issuer + "/token"},
                                                            {"jwks_uri", issuer + "/jwks"},
                                                            {"response_types_supported", {"code"}}}
                                                 .dump();
    return out;
  }

  // From here on its answers wait for release().
  void hold(const std::string& host) {
    const std::lock_guard lock(mutex_);
    auto& [promise, future] = held_[host];
    future = promise.get_future().share();
  }
  void release(const std::string& host) {
    const std::lock_guard lock(mutex_);
    held_.at(host).first.set_value();
    held_.erase(host);
  }
  void away(const std::string& host) {
    const std::lock_guard lock(mutex_);
    away_.insert(host);
  }
  void back(const std::string& host) {
    const std::lock_guard lock(mutex_);
    away_.erase(host);
  }
  size_t asked(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return asked_[host];
  }
  void until_asked(const std::string& host, size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_[host] >= times; });
  }
  const JoseSigner& signer() const { return signer_; }

 private:
  JoseSigner signer_{"RS256"};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, size_t> asked_;
  std::map<std::string, std::pair<std::promise<void>, std::shared_future<void>>> held_;
  std::set<std::string> away_;
};

class ProviderWorld : public AccountWorld {
 protected:
  ProviderWorld() {
    for (const char* name : {"corp", "lab"}) {
      const std::string issuer = "https://" + std::string(name) + ".test";
      add_record(policy::Kind::kIdentityProvider, name,
                 {{"type", "oidc"}, {"oidc", {{"issuer", issuer}, {"client_id", "gateway"}, {"client_auth", "none"}}}});
    }
    rebuild();
    auto made = SignIn::make({.store = *store_,
                              .sessions = sessions_,
                              .tokens = tokens_,
                              .keyring = *keyring_,
                              .keys = *keys_,
                              .hashing = *hashing_,
                              .clock = clock_,
                              .log = log_,
                              .gate = *http::parse_url("https://gate.localhost:8443"),
                              .session_ended = {},
                              .lanes = ProviderLanes{xml_, asking_, fetcher_, [this] { return snapshot_; }},
                              .verify = counted_verify});
    EXPECT_TRUE(made.has_value());
    gate_ = *std::move(made);
  }
  const policy::CompiledProvider& provider(const char* name) const { return *snapshot_->provider(name); }
  GateRequest from(const char* address, GateRequest request) {
    request.client.address = *IpAddress::parse(address);
    return request;
  }

  InventedProviders fetcher_;
  BlockingPool xml_{"xml", 1, kXmlQueueMax};
  BlockingPool asking_{"providers", kProviderThreads, kProviderQueueMax, Pace::kUsual, kBoundsOfOneProvider};
};

}  // namespace sallyport::sso
