#include "sso/oidc/token_claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/http/field.h"
#include "base/time_text.h"
#include "sso/oidc/id_token.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr double kSecondsMax = 253402300799;  // the year 9999

Error denied(const char* what) { return {Code::kDenied, kFrom, what}; }
Error broken(const char* what) { return {Code::kMalformed, kFrom, what}; }

// One text or a list of them.
std::optional<std::vector<std::string>> audiences(const json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return std::nullopt;
  if (const auto* one = found->get_ptr<const std::string*>()) return std::vector{*one};
  if (!found->is_array() || found->empty() || found->size() > kAudiencesMax) return std::nullopt;
  std::vector<std::string> out;
  for (const json& each : *found) {
    const auto* text = each.get_ptr<const std::string*>();
    if (text == nullptr) return std::nullopt;
    out.push_back(*text);
  }
  return out;
}

Result<WallMicros> required_time(const json& claims, const char* name, Checks& checks) {
  const auto time = time_claim(claims, name);
  const bool there = time && *time;
  CHECKED(checks.demand(there, name, "a time", there ? "" : shown(claims, name), broken("token lacks a time")));
  return **time;
}

}  // namespace

std::string shown(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return "none";
  if (const auto* text = found->get_ptr<const std::string*>()) return *text;
  return std::string("a ") + found->type_name();
}

bool is_subject(const std::string* text) {
  return text != nullptr && !text->empty() && text->size() <= kSubBytesMax &&
         std::ranges::all_of(*text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Result<json> verified_claims(std::string_view token, const JwkSet& keys, std::string_view typ, Checks& checks) {
  TRY(const VerifiedJws jws, verify_jws(token, keys, checks));
  // RFC 8725 s3.11: a token of one kind is not taken for one of another.
  const std::string& said = jws.header.typ;
  CHECKED(checks.demand(said.empty() || http::iequals(said, "JWT") || http::iequals(said, typ), "typ", typ, said,
                        denied("token is of another kind")));
  auto claims = parse_strict_object(jws.payload);
  CHECKED(checks.demand(claims.has_value(), "claims", "a JSON object", claims ? "" : claims.error().what,
                        broken("token's claims are no JSON object, or one stands twice")));
  return claims;
}

Result<void> check_issuer(const json& claims, const policy::OidcSettings& settings, Checks& checks) {
  const std::string* issuer = text_member(claims, "iss");
  return checks.require(issuer != nullptr && *issuer == settings.issuer, "iss", settings.issuer, shown(claims, "iss"),
                        denied("token is of another issuer"));
}

Result<void> check_audience(const json& claims, const policy::OidcSettings& settings, Checks& checks) {
  const std::string& client = settings.client_id;
  const auto said = audiences(claims);
  std::string found;
  for (const std::string& each : said.value_or(std::vector<std::string>{}))
    found.append(found.empty() ? "" : " ").append(each);
  CHECKED(checks.require(said && std::ranges::find(*said, client) != said->end(), "aud", client,
                         said ? found : shown(claims, "aud"), denied("token is for another client")));
  const std::string* azp = text_member(claims, "azp");
  if (!claims.contains("azp") && said->size() == 1) return {};
  return checks.require(azp != nullptr && *azp == client, "azp", client, shown(claims, "azp"),
                        denied("token was made for another client"));
}

Result<std::optional<WallMicros>> time_claim(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::nullopt;
  if (!found->is_number()) return std::unexpected(broken("token has a time that is no number"));
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) return std::unexpected(broken("token has a time that is none"));
  return WallMicros{static_cast<int64_t>(seconds) * 1'000'000};
}

Result<WallMicros> check_times(const json& claims, const policy::OidcSettings& settings, WallMicros now,
                               Checks& checks) {
  const auto skew = settings.clock_skew;
  TRY(const WallMicros exp, required_time(claims, "exp", checks));
  CHECKED(checks.require(now < exp + skew, "exp", "after " + show_time(now), show_time(exp),
                         denied("token is not valid any more")));
  TRY(const WallMicros iat, required_time(claims, "iat", checks));
  CHECKED(checks.require(iat <= now + skew, "iat", "not after " + show_time(now), show_time(iat),
                         denied("token was issued in the future")));
  TRY(const auto nbf, checks.note("nbf", "a time, or none", time_claim(claims, "nbf")));
  if (nbf)
    CHECKED(checks.require(*nbf <= now + skew, "nbf", "not after " + show_time(now), show_time(*nbf),
                           denied("token is not valid yet")));
  return exp;
}

}  // namespace sallyport::sso::oidc
