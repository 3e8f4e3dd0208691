#include "sso/assertion_keys.h"

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "sso/jose.h"

namespace sallyport::sso {
namespace {

constexpr size_t kTokenIdBytes = 16;

int64_t seconds_of(WallMicros time) { return count(time) / 1'000'000; }

}  // namespace

const AssertionKey* signing_key(std::span<const AssertionKey> keys) {
  const AssertionKey* out = nullptr;
  for (const AssertionKey& key : keys)
    if (key.signs_from && (out == nullptr || *key.signs_from >= *out->signs_from)) out = &key;
  return out;
}

const AssertionKey* reserve_key(std::span<const AssertionKey> keys) {
  const AssertionKey* out = nullptr;
  for (const AssertionKey& key : keys)
    if (!key.signs_from && (out == nullptr || key.made_at >= out->made_at)) out = &key;
  return out;
}

std::optional<WallMicros> published_until(std::span<const AssertionKey> keys, const AssertionKey& key) {
  if (!key.signs_from) return std::nullopt;
  std::optional<WallMicros> followed_at;
  for (const AssertionKey& other : keys)
    if (other.signs_from && *other.signs_from > *key.signs_from && (!followed_at || *other.signs_from < *followed_at))
      followed_at = other.signs_from;
  if (!followed_at) return std::nullopt;
  return *followed_at + kPublishedAfter;
}

AssertionKeys::AssertionKeys(std::string issuer, std::string kid, P256Key key)
    : issuer_(std::move(issuer)), kid_(std::move(kid)), key_(std::move(key)), header_(es256_header(kid_)) {}

Result<std::shared_ptr<const AssertionKeys>> AssertionKeys::make(std::string issuer,
                                                                 const std::vector<AssertionKey>& keys) {
  const AssertionKey* const signing = signing_key(keys);
  if (signing == nullptr) return fail(Code::kNotFound, Side::kSelf, "none of the keys signs");
  TRY(P256Key key, P256Key::open(signing->scalar));
  std::unique_ptr<AssertionKeys> out(new AssertionKeys(std::move(issuer), signing->kid, std::move(key)));
  out->published_.push_back({public_jwk(signing->point, signing->kid), std::nullopt});
  for (const AssertionKey& each : keys)
    if (&each != signing) out->published_.push_back({public_jwk(each.point, each.kid), published_until(keys, each)});
  return std::shared_ptr<const AssertionKeys>(std::move(out));
}

std::string AssertionKeys::sign(const AssertionClaims& claims, WallMicros now) const {
  const int64_t at = seconds_of(now);
  nlohmann::ordered_json payload{
      {"iss", issuer_}, {"aud", claims.audience}, {"sub", claims.user}, {"uid", claims.user_id.to_string()}};
  if (!claims.email.empty()) payload["email"] = claims.email;
  payload["role"] = claims.role;
  payload["resource"] = claims.resource;
  payload["iat"] = at;
  payload["nbf"] = at;
  payload["exp"] = at + std::chrono::seconds(kAssertionLife).count();
  payload["jti"] = base64url_encode(random_bytes<kTokenIdBytes>());
  return sign_compact(key_, header_, payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::string AssertionKeys::jwk_set(WallMicros now) const {
  std::string out = R"({"keys":[)";
  const char* between = "";
  for (const Published& key : published_) {
    if (key.until && *key.until <= now) continue;
    out.append(std::exchange(between, ",")).append(key.jwk);
  }
  return out.append("]}");
}

}  // namespace sallyport::sso
