#include "sso/oidc/id_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "sso/oidc/token_claims.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr const char* kLogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
constexpr size_t kSidBytesMax = 256;

Error denied(const char* what) { return {Code::kDenied, kFrom, what}; }
Error broken(const char* what) { return {Code::kMalformed, kFrom, what}; }

Result<void> check_nonce(const json& claims, std::string_view nonce, Checks& checks) {
  const std::string* said = text_member(claims, "nonce");
  const bool same = said != nullptr && !nonce.empty() && constant_time_equal(as_bytes(*said), as_bytes(nonce));
  return checks.require(same, "nonce", "the one that was sent",
                        same   ? "that"
                        : said ? "another"
                               : "none",
                        denied("token answers another request"));
}

// Core s3.1.3.6: the left half of the access token's hash, by the algorithm's own.
Result<void> check_at_hash(const json& claims, std::string_view access_token, JoseAlgorithm algorithm, Checks& checks) {
  if (!claims.contains("at_hash")) return {};
  const Bytes hash = jose_hash(algorithm, access_token);
  const std::string* said = text_member(claims, "at_hash");
  const bool same = said != nullptr && *said == base64url_encode(ByteView(hash).first(hash.size() / 2));
  return checks.require(same, "at_hash", "that of the access token", same ? "that" : "another",
                        denied("token belongs to another access token"));
}

Result<void> check_auth_time(const json& claims, const IdTokenRules& rules, Checks& checks) {
  TRY(const auto time, checks.note("auth_time", "a time, or none", time_claim(claims, "auth_time")));
  if (!rules.max_age) return {};
  const WallMicros earliest = rules.now - *rules.max_age - rules.settings.clock_skew;
  return checks.require(time && *time >= earliest, "auth_time", "not before " + show_time(earliest),
                        time ? show_time(*time) : "none", denied("sign-in at the provider is too long ago"));
}

Result<void> check_acr(const json& claims, const policy::OidcSettings& settings, Checks& checks) {
  if (settings.acr_values.empty()) return {};
  const std::string* acr = text_member(claims, "acr");
  std::string wanted;
  for (const std::string& each : settings.acr_values) wanted.append(wanted.empty() ? "" : " ").append(each);
  const bool fits = acr != nullptr && std::ranges::find(settings.acr_values, *acr) != settings.acr_values.end();
  return checks.require(fits, "acr", wanted, shown(claims, "acr"),
                        denied("sign-in at the provider was of another kind"));
}

// "" when it is not there.   errors: kMalformed another type, empty, too long
Result<std::string> optional_name(const json& claims, const char* name) {
  if (!claims.contains(name)) return std::string();
  const std::string* said = text_member(claims, name);
  if (said == nullptr || said->empty() || said->size() > kSidBytesMax)
    return std::unexpected(broken("token has a name that is no short text"));
  return *said;
}

}  // namespace

Result<json> verify_id_token(std::string_view token, const JwkSet& keys, const IdTokenRules& rules, Checks& checks) {
  TRY(json claims, verified_claims(token, keys, "JWT", checks));
  TRY(const JwsHeader header, read_jws_header(token));
  CHECKED(check_issuer(claims, rules.settings, checks));
  CHECKED(check_audience(claims, rules.settings, checks));
  CHECKED(check_times(claims, rules.settings, rules.now, checks));
  CHECKED(check_nonce(claims, rules.nonce, checks));
  CHECKED(check_at_hash(claims, rules.access_token, header.algorithm, checks));
  CHECKED(check_auth_time(claims, rules, checks));
  CHECKED(check_acr(claims, rules.settings, checks));
  const bool named = is_subject(text_member(claims, "sub"));
  CHECKED(checks.require(named, "sub", "1 to 255 printable characters", named ? "ok" : "none, or another",
                         broken("token has no sub")));
  return claims;
}

Result<LogoutNotice> verify_logout_token(std::string_view token, const JwkSet& keys,
                                         const policy::OidcSettings& settings, WallMicros now, Checks& checks) {
  TRY(const json claims, verified_claims(token, keys, "logout+jwt", checks));
  CHECKED(check_issuer(claims, settings, checks));
  CHECKED(check_audience(claims, settings, checks));
  TRY(const WallMicros exp, check_times(claims, settings, now, checks));
  const auto events = claims.find("events");
  const bool logout = events != claims.end() && events->is_object() && events->contains(kLogoutEvent) &&
                      (*events)[kLogoutEvent].is_object();
  CHECKED(checks.require(logout, "events", kLogoutEvent, logout ? "that" : shown(claims, "events"),
                         denied("token is no logout token")));
  CHECKED(checks.demand(!claims.contains("nonce"), "nonce", "none", "one", denied("logout token has a nonce")));
  LogoutNotice out;
  TRY(out.sub, checks.note("sub", "a text, or none", optional_name(claims, "sub")));
  TRY(out.sid, checks.note("sid", "a text, or none", optional_name(claims, "sid")));
  CHECKED(checks.demand(!out.sub.empty() || !out.sid.empty(), "whom", "sub, sid, or both", "neither",
                        broken("logout token names nobody")));
  TRY(out.jti, checks.note("jti", "a text", optional_name(claims, "jti")));
  CHECKED(checks.demand(!out.jti.empty(), "jti", "a text", "none", broken("logout token has no jti")));
  const WallMicros issued = **time_claim(claims, "iat");  // check_times() has seen that it is one
  const WallMicros oldest = now - kLogoutAgeMax - settings.clock_skew;
  CHECKED(checks.demand(issued >= oldest, "iat", "not before " + show_time(oldest), show_time(issued),
                        denied("logout token is too old")));
  out.replay_until = std::min(exp, issued + kLogoutAgeMax) + settings.clock_skew;
  return out;
}

}  // namespace sallyport::sso::oidc
