// OpenID Connect at this gate: what /.sallyport/oidc/NAME/... answers.
//
//   GET  login               sends the browser to the provider (Core 1.0 s3.1.2.1; PKCE, RFC 7636)
//   GET  callback            the browser is back with a code: exchanged and verified in the pool, then an arrival
//   POST backchannel-logout  the provider says that a session there is over (Back-Channel Logout 1.0)
#pragma once

#include <optional>
#include <string>

#include "base/blocking_pool.h"
#include "base/log.h"
#include "sso/oidc/sign_in.h"
#include "sso/provider_arrival.h"
#include "sso/provider_book.h"
#include "sso/provider_endings.h"
#include "sso/provider_flows.h"
#include "sso/shared_buckets.h"
#include "storage/key_holder.h"

namespace sallyport::sso {

struct OidcUrls {
  std::string redirect;    // where the browser comes back
  std::string signed_out;  // where it comes back after a logout there
};
OidcUrls oidc_urls(const http::Url& gate, const std::string& provider);

class OidcSignIn {
 public:
  struct Parts {
    storage::StoreThread& store;
    const storage::Keyring& keyring;
    storage::KeyHolder& keys;
    BlockingPool& asking;
    Fetcher& fetcher;
    OidcBook& book;
    ProviderFlows& flows;
    ProviderArrivals& arrivals;
    ProviderEndings& endings;
    SharedBuckets& failures;  // kFailuresPerNetwork
    const Clock& clock;
    Log& log;
    http::Url gate;
  };
  explicit OidcSignIn(Parts parts) : parts_(std::move(parts)), provider_keys_(parts_.clock) {}

  // `request` and `provider` stay in the caller's frame and snapshot.
  Task<GateReply> login(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);
  Task<GateReply> callback(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);
  Task<GateReply> notice(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider);

  // Where a browser is sent to be signed out at the provider too (RP-Initiated Logout 1.0); nothing: nowhere.
  Task<std::optional<std::string>> logout_url(Loop& home, const policy::CompiledProvider& provider,
                                              const storage::SessionOrigin& origin);

 private:
  Task<GateReply> depart(Loop& home, const GateRequest& request, const policy::CompiledProvider& provider,
                         Departure departure);
  // What a thread of the pool needs, by value.   errors: those of the book, and of a secret that does not open.
  Task<Result<std::shared_ptr<const oidc::Client>>> client(Loop& home, const policy::CompiledProvider& provider);

  Parts parts_;
  oidc::ProviderKeys provider_keys_;
};

}  // namespace sallyport::sso
