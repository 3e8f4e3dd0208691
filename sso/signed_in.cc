#include "sso/signed_in.h"

#include "sso/cookies.h"

namespace sallyport::sso {

std::optional<SignedIn> signed_in(const GateRequest& request, storage::SessionTable& sessions, WallMicros now) {
  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  if (!cookie) return std::nullopt;
  const auto session = sessions.find(session_id_hash(*cookie), request.host, now);
  if (!session) return std::nullopt;
  const policy::CompiledUser* const user = request.snapshot->user(session->user);
  if (user == nullptr) return std::nullopt;
  policy::Identity identity;
  identity.user = session->user;
  identity.id = session->id;
  identity.strength = session->strength;
  identity.factor_at = session->factor_at;
  const policy::Outcome outcome = policy::decide_gate(*request.snapshot, identity).outcome;
  if (outcome != policy::Outcome::kAllow && outcome != policy::Outcome::kStepUp) return std::nullopt;
  return SignedIn{*session, user, std::string(*cookie), outcome == policy::Outcome::kStepUp};
}

}  // namespace sallyport::sso
