#include "sso/token_service.h"

#include <algorithm>

#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kNameBytesMax = 63;

bool is_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kNameBytesMax && plain(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

storage::AdminEvent event_of(const storage::TokenRecord& token, const char* action, const std::string& actor,
                             std::string detail, WallMicros at) {
  storage::AdminEvent out;
  out.at = at;
  out.action = action;
  out.actor = actor;
  out.object = "token " + token.id.to_string();
  out.detail = std::move(detail);
  return out;
}

}  // namespace

Result<SecretBytes> new_token_text() {
  auto bytes = random_bytes<kTokenBytes>();
  std::string text = std::string(kTokenPrefix) + base64url_encode(bytes);
  wipe(bytes);
  auto out = SecretBytes::copy_of(text);
  wipe(text);
  return out;
}

Sha256 token_hash(std::string_view token_text) { return sha256(as_bytes(token_text)); }

bool looks_like_token(std::string_view text) {
  if (!text.starts_with(kTokenPrefix)) return false;
  const auto bytes = base64url_decode(text.substr(kTokenPrefix.size()));
  return bytes.has_value() && bytes->size() == kTokenBytes;
}

Result<IssuedToken> TokenService::create(const NewToken& wanted, const std::string& actor) {
  if (!is_name(wanted.name)) return malformed(Side::kClient, "a token's name is [a-z0-9][a-z0-9._-]{0,62}");
  if (wanted.life <= std::chrono::seconds::zero() || wanted.life > kTokenLifeMax)
    return fail(Code::kLimit, Side::kClient, "a token ends after at most 366 days");
  const WallMicros now = clock_.wall();
  TRY(const std::vector<storage::TokenRecord> others, list(wanted.user));
  if (std::ranges::any_of(others, [&](const storage::TokenRecord& other) {
        return other.name == wanted.name && other.expires_at > now;
      }))
    return fail(Code::kConflict, Side::kClient, "the user has a token of this name");

  IssuedToken out;
  TRY(out.text, new_token_text());
  out.record.id = RecordId::random();
  out.record.hash = token_hash(out.text.reveal());
  out.record.user = wanted.user;
  out.record.name = wanted.name;
  out.record.created_at = now;
  out.record.expires_at = now + wanted.life;
  out.record.strength = wanted.strength;
  out.record.scope = wanted.scope;
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutToken{out.record});
  CHECKED(store_.commit(changes,
                        {event_of(out.record, "token.create", actor, wanted.name + " for " + wanted.user_name, now)}));
  return out;
}

Result<std::vector<storage::TokenRecord>> TokenService::list(const std::optional<UserId>& user) {
  TRY(std::vector<storage::TokenRecord> tokens, store_.tokens());
  if (user) std::erase_if(tokens, [&](const storage::TokenRecord& token) { return token.user != *user; });
  std::ranges::sort(tokens, {}, [](const storage::TokenRecord& token) { return count(token.created_at); });
  return tokens;
}

Result<void> TokenService::revoke(const RecordId& id, const std::string& actor) {
  TRY(const std::vector<storage::TokenRecord> tokens, store_.tokens());
  const auto found = std::ranges::find(tokens, id, &storage::TokenRecord::id);
  if (found == tokens.end()) return fail(Code::kNotFound, Side::kClient, "there is no such token");
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::RevokeToken{id});
  CHECKED(store_.commit(changes, {event_of(*found, "token.revoke", actor, found->name, clock_.wall())}));
  return {};
}

}  // namespace sallyport::sso
