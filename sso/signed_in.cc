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
  auto who = signed_in_before_new_password(request, sessions, now);
  if (who && who->password_due && !who->needs_factor) return std::nullopt;
  return who;
}

std::optional<SignedIn> signed_in_before_new_password(const GateRequest& request, storage::SessionTable& sessions,
                                                      WallMicros now) {
  using policy::Outcome;
  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  if (!cookie) return std::nullopt;
  const auto session = sessions.find(session_id_hash(*cookie), request.host, now);
  if (!session) return std::nullopt;
  const policy::CompiledUser* const user = request.snapshot->user(session->user);
  if (user == nullptr) return std::nullopt;
  const Outcome outcome = policy::decide_gate(*request.snapshot, identity_of(*session), now).outcome;
  if (outcome != Outcome::kAllow && outcome != Outcome::kStepUp && outcome != Outcome::kChangePassword)
    return std::nullopt;
  return SignedIn{.session = *session,
                  .user = user,
                  .cookie = std::string(*cookie),
                  .needs_factor = outcome == Outcome::kStepUp,
                  .password_due = policy::must_change_password(*request.snapshot, *user, now)};
}

}  // namespace sallyport::sso
