// The pages and the API about identity providers, for platform admins: how they are, and why a sign-in failed.
//
//   GET /.sallyport/providers                           all of them
//   GET /.sallyport/providers/NAME                      one, with its last sign-ins, each with its checks
//   GET /api/v1/identity-providers/NAME/attempts        {"attempts": [...]}, the newest first (sso/sign_in_report.h)
//
// By a session alone, never by a token, with the second factor where one is demanded.
#pragma once

#include <functional>

#include "base/log.h"
#include "sso/flight_recorder.h"
#include "sso/form_guard.h"
#include "sso/provider_page.h"
#include "sso/replies.h"
#include "sso/signed_in.h"

namespace sallyport::sso {

constexpr std::string_view kProvidersApiPath = "/api/v1/identity-providers";

struct ProviderPagesParts {
  FlightRecorder& recorder;
  storage::SessionTable& sessions;
  const FormGuard& forms;
  const Clock& clock;
  Log& log;
  // What is known of a provider now; must not wait. May be empty.
  std::function<ProviderState(const policy::CompiledProvider& provider)> state_of = {};
};

class ProviderPages {
 public:
  explicit ProviderPages(ProviderPagesParts parts) : parts_(std::move(parts)) {}

  static bool answers(std::string_view path);
  static std::vector<KnownRoute> routes();
  Task<GateReply> handle(Loop& home, GateRequest request);

 private:
  struct Call {
    const GateRequest& request;  // in the frame of handle()
    SignedIn who;
    std::string name;  // of the provider; "" where the path has none
  };
  struct Route;
  static std::span<const Route> all_routes();

  Task<GateReply> list(Loop& home, const Call& call);
  Task<GateReply> show(Loop& home, const Call& call);
  Task<GateReply> attempts(Loop& home, const Call& call);
  ProviderShown shown_with_state(const policy::CompiledProvider& provider) const;
  GateReply failed(const Call& call, const Error& error) const;

  ProviderPagesParts parts_;
};

}  // namespace sallyport::sso
