// SAML 2.0 at this gate (SAML Profiles s4.1 and s4.4): what /.sallyport/saml/NAME/... answers.
//
//   GET  login     sends the browser to the provider with a request, by Redirect or by a form
//   POST acs       the provider's answer: verified in the pool (sso/saml/response.h), then an arrival
//   GET  metadata  ours, for the provider's administrator
//   GET, POST slo  single logout: the provider's request, or its answer to ours
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/blocking_pool.h"
#include "base/log.h"
#include "sso/provider_arrival.h"
#include "sso/provider_book.h"
#include "sso/provider_endings.h"
#include "sso/provider_flows.h"
#include "sso/saml/logout.h"
#include "sso/saml_keys.h"
#include "sso/saml_post_page.h"
#include "sso/shared_buckets.h"

namespace sallyport::sso {

struct SamlUrls {
  std::string entity_id;  // where our metadata is
  std::string consumer;
  std::string logout;
};
SamlUrls saml_urls(const http::Url& gate, const std::string& provider);

class SamlSignIn {
 public:
  struct Parts {
    storage::StoreThread& store;
    const storage::Keyring& keyring;
    BlockingPool& xml;
    SamlKeySource& keys;
    SamlBook& book;
    ProviderFlows& flows;
    ProviderArrivals& arrivals;
    ProviderEndings& endings;
    SharedBuckets& failures;  // kFailuresPerNetwork
    const Clock& clock;
    Log& log;
    http::Url gate;
  };
  explicit SamlSignIn(Parts parts) : parts_(std::move(parts)) {}

  // `request` and `provider` stay in the caller's frame and snapshot.
  Task<GateReply> login(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);
  Task<GateReply> consume(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);
  Task<GateReply> metadata(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);
  Task<GateReply> logout(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);

  // Nothing: the provider takes no such thing, or not now.
  Task<std::optional<SignOutThere>> sign_out_there(Loop& home, const policy::CompiledProvider& provider,
                                                   const storage::SessionOrigin& origin);

 private:
  using Metadata = std::shared_ptr<const saml::ProviderMetadata>;
  struct Ready {
    Metadata metadata;
    std::shared_ptr<const SamlKeys> keys;
  };
  Task<Result<Ready>> ready(Loop& home, const policy::CompiledProvider& provider);
  Task<GateReply> depart(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                         Departure departure);
  Task<GateReply> answer_logout(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                                const Ready& ready, saml::Incoming incoming, std::string relay_state);
  Task<GateReply> end_logout(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                             const Ready& ready, saml::Incoming incoming, std::string handle);
  Task<Result<size_t>> end_sessions(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                                    const saml::ReceivedLogout& received);
  saml::LogoutRules logout_rules(const policy::CompiledProvider& provider, const Ready& ready) const;

  Parts parts_;
};

}  // namespace sallyport::sso
