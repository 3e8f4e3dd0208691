// /.sallyport/mfa: where a person is sent who lacks a second factor, or a fresh one.
#include "base/http/cookie.h"
#include "sso/cookies.h"
#include "sso/sign_in.h"

namespace sallyport::sso {

// Whoever has shown what is asked for goes on at once.
Task<GateReply> SignIn::show_mfa(Loop& home, GateRequest request) {
  std::string flow;
  if (const auto query = http::parse_form(request.query))
    if (const std::string* const sent = http::find_field(*query, "flow"); sent != nullptr && is_random_handle(*sent))
      flow = *sent;
  const auto signed_in = who(request);
  if (!signed_in)
    co_return redirect_reply(302, std::string(kLoginPath) + (flow.empty() ? "" : "?flow=" + flow), "sign-in");
  std::optional<SignInFlow> wanted;
  if (!flow.empty()) {
    auto looking = wanted_page(home, flow, request.client.address, request.snapshot);
    wanted = co_await looking;
    if (!wanted) flow.clear();
  }
  const bool enough = !wanted || is_enough(*wanted, signed_in->session, parts_.clock.wall());
  if (!signed_in->needs_factor && enough) {
    if (!wanted) co_return redirect_reply(302, "/", "second factor");
    auto handing_over = hand_over(home, request, *signed_in, *wanted);
    co_return co_await handing_over;
  }
  if (!signed_in->user->has_factors)
    co_return redirect_reply(302, factor_location(*signed_in->user, flow), "no second factor");
  co_return problem_reply(request, kFactorNeeded);
}

}  // namespace sallyport::sso
