#include "sso/signed_in.h"

#include "sso/cookies.h"

namespace sallyport::sso {

policy::Identity identity_of(const storage::LiveSession& session) {
  policy::Identity out;
  out.user = session.user;
  out.id = session.id;
  out.strength = session.strength;
  out.factor_at = session.factor_at;
  return out;
}

std::optional<SignedIn> signed_in(const GateRequest& request, storage::SessionTable& sessions, WallMicros now) {
  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  if (!cookie) return std::nullopt;
  const auto session = sessions.find(session_id_hash(*cookie), request.host, now);
  if (!session) return std::nullopt;
  const policy::CompiledUser* const user = request.snapshot->user(session->user);
  if (user == nullptr) return std::nullopt;
  const policy::Outcome outcome = policy::decide_gate(*request.snapshot, identity_of(*session)).outcome;
  if (outcome != policy::Outcome::kAllow && outcome != policy::Outcome::kStepUp) return std::nullopt;
  return SignedIn{*session, user, std::string(*cookie), outcome == policy::Outcome::kStepUp};
}

}  // namespace sallyport::sso
