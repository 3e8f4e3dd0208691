#include "sso/second_factor.h"

#include "sso/recovery_codes.h"
#include "sso/totp.h"

namespace sallyport::sso {
namespace {

std::optional<ShownFactor> match_totp(const Factors& factors, const UserId& user, std::string_view typed,
                                      WallMicros now) {
  std::optional<ShownFactor> out;
  for (const TotpFactor& factor : factors.totp)
    if (const auto step = matching_totp_step(factor.secret, typed, now); step && !out)
      out = ShownFactor{words_for(factor), {.factor = factor.id, .user = user, .counter = *step, .used_at = now}};
  return out;
}

std::optional<ShownFactor> match_recovery(const Factors& factors, const UserId& user, std::string_view typed,
                                          WallMicros now) {
  const auto hash = recovery_code_hash(typed);
  if (!hash) return std::nullopt;
  std::optional<ShownFactor> out;
  for (const RecoveryCode& code : factors.recovery)
    if (constant_time_equal(code.hash, *hash))
      out = ShownFactor{"recovery code", {.factor = code.id, .user = user, .counter = 1, .used_at = now}};
  return out;
}

}  // namespace

std::optional<ShownFactor> match_code(const Factors& factors, const UserId& user, std::string_view typed,
                                      WallMicros now) {
  return looks_like_totp_code(typed) ? match_totp(factors, user, typed, now)
                                     : match_recovery(factors, user, typed, now);
}

std::string words_for(const TotpFactor& factor) { return "authenticator app \"" + factor.name + "\""; }
std::string words_for(const Passkey& factor) { return "passkey \"" + factor.name + "\""; }

}  // namespace sallyport::sso
