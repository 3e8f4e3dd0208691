#include "sso/token_service.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/random.h"
#include "base/time_text.h"
#include "base/units.h"

namespace sallyport::sso {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr Error kNoLife{Code::kLimit, Side::kClient, "a token must end in the future"};
constexpr Error kTooLong{Code::kLimit, Side::kClient, "lasts longer than the platform's tokens.max_life allows"};
constexpr Error kTooMany{Code::kConflict, Side::kClient,
                         "there are as many tokens as the platform's tokens.per_user allows"};
constexpr Error kNoToken{Code::kNotFound, Side::kClient, "there is no such token"};

storage::AdminEvent event_of(const storage::TokenRecord& token, const std::string& whose, const char* action,
                             const TokenActor& actor, std::string detail, WallMicros at) {
  storage::AdminEvent out;
  out.at = at;
  out.action = action;
  out.actor = actor.name;
  out.object = "token " + token.id.to_string() + " of " + whose;
  out.client = actor.client;
  out.detail = std::move(detail);
  return out;
}

Result<IssuedToken> issue(WallMicros now, std::chrono::seconds life) {
  IssuedToken out;
  TRY(out.text, new_token_text());
  out.record.id = RecordId::random();
  out.record.hash = token_hash(out.text.reveal());
  out.record.created_at = now;
  out.record.expires_at = now + life;
  return out;
}

}  // namespace

TokenRules rules_of(const policy::Platform& platform) {
  return {platform.token_life_max, static_cast<size_t>(platform.tokens_per_owner_max)};
}

WallMicros end_of(const storage::TokenRecord& token, const TokenRules& rules) {
  return std::min(token.expires_at, token.created_at + rules.life_max);
}

bool is_token_name(std::string_view text) {
  return !text.empty() && text.size() <= kTokenNameBytesMax && is_plain_text(text);
}

Result<std::chrono::seconds> parse_token_life(std::string_view text) {
  using namespace std::chrono;
  constexpr Error kWrong{Code::kMalformed, Side::kClient,
                         "must be a whole number with s, m, h, d or w, such as 12h or 30d"};
  const bool weeks = text.ends_with('w');
  if (text.ends_with("ms")) return std::unexpected(kWrong);
  const auto duration = parse_duration(weeks ? std::string(text.substr(0, text.size() - 1)) + "d" : std::string(text));
  if (!duration) return std::unexpected(kWrong);
  return duration_cast<seconds>(*duration) * (weeks ? 7 : 1);
}

std::string scope_words(const policy::TokenScope& scope) {
  std::string out;
  const auto add = [&out](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  if (!scope.team.empty()) add("team=" + scope.team);
  if (!scope.resource.empty()) add("resource=" + scope.resource);
  if (scope.read_only) add("read-only");
  if (!scope.path_prefix.empty()) add("path=" + scope.path_prefix);
  for (const Cidr& network : scope.networks) add("network=" + network.to_string());
  if (scope.api) add("api");
  if (scope.admin) add("admin");
  return out.empty() ? "all" : out;
}

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

Result<void> TokenService::check(const std::string& name, std::chrono::seconds life, const TokenRules& rules) const {
  if (!is_token_name(name))
    return malformed(Side::kClient, "the name of a token is 1 to 100 bytes without control characters");
  if (life <= std::chrono::seconds::zero()) return std::unexpected(kNoLife);
  if (life > rules.life_max) return std::unexpected(kTooLong);
  return {};
}

// aside: a token that does not count.
Result<void> TokenService::check_room(const UserId& owner, const RecordId& aside, const TokenRules& rules) {
  const WallMicros now = clock_.wall();
  TRY(const std::vector<storage::TokenRecord> tokens, store_.tokens_of(owner));
  const auto living = std::ranges::count_if(
      tokens, [&](const storage::TokenRecord& token) { return token.id != aside && end_of(token, rules) > now; });
  if (static_cast<size_t>(living) >= rules.per_owner_max) return std::unexpected(kTooMany);
  return {};
}

Result<IssuedToken> TokenService::create(const NewToken& wanted, const TokenRules& rules, const TokenActor& actor) {
  CHECKED(check(wanted.name, wanted.life, rules));
  CHECKED(check_room(wanted.owner, {}, rules));
  const WallMicros now = clock_.wall();
  TRY(IssuedToken out, issue(now, wanted.life));
  out.record.user = wanted.owner;
  out.record.name = wanted.name;
  out.record.strength = wanted.strength;
  out.record.scope = wanted.scope;
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutToken{out.record});
  std::string detail = wanted.name + ", " + scope_words(wanted.scope) + ", until " + show_time(out.record.expires_at);
  TRY(out.generation,
      store_.commit(changes, {event_of(out.record, wanted.whose, "token.create", actor, std::move(detail), now)}));
  return out;
}

Result<IssuedToken> TokenService::rotate(const Rotation& wanted, const TokenRules& rules, const TokenActor& actor) {
  const WallMicros now = clock_.wall();
  TRY(const std::vector<storage::TokenRecord> tokens, store_.tokens());
  const auto old = std::ranges::find(tokens, wanted.id, &storage::TokenRecord::id);
  if (old == tokens.end() || end_of(*old, rules) <= now) return std::unexpected(kNoToken);
  const auto life = wanted.life.value_or(
      std::min(rules.life_max, std::chrono::duration_cast<std::chrono::seconds>(old->expires_at - old->created_at)));
  CHECKED(check(old->name, life, rules));
  CHECKED(check_room(old->user, old->id, rules));
  TRY(IssuedToken out, issue(now, life));
  out.record.user = old->user;
  out.record.name = old->name;
  out.record.strength = std::min(old->strength, wanted.strength);
  out.record.scope = old->scope;
  const WallMicros cut = now + std::max(wanted.overlap, std::chrono::seconds::zero());
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::CutToken{old->id, cut});
  changes.changes.emplace_back(storage::PutToken{out.record});
  std::string detail = old->name + ", replaced by token " + out.record.id.to_string() + " until " +
                       show_time(out.record.expires_at) + ", counts until " + show_time(std::min(cut, old->expires_at));
  auto committed =
      store_.commit(changes, {event_of(*old, wanted.whose, "token.rotate", actor, std::move(detail), now)});
  if (!committed && committed.error().code == Code::kConflict) return std::unexpected(kNoToken);  // revoked meanwhile
  TRY(out.generation, std::move(committed));
  return out;
}

Result<std::vector<storage::TokenRecord>> TokenService::list(const std::optional<UserId>& owner) {
  return owner ? store_.tokens_of(*owner) : store_.tokens();
}

Result<storage::Generation> TokenService::revoke(const std::vector<storage::TokenRecord>& tokens,
                                                 const std::vector<std::string>& whose, const TokenActor& actor) {
  storage::ChangeSet changes;
  std::vector<storage::AdminEvent> events;
  for (size_t i = 0; i < tokens.size(); ++i) {
    changes.changes.emplace_back(storage::RevokeToken{tokens[i].id});
    events.push_back(event_of(tokens[i], whose[i], "token.revoke", actor, tokens[i].name, clock_.wall()));
  }
  return store_.commit(changes, events);
}

}  // namespace sallyport::sso
