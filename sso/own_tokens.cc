#include "sso/own_tokens.h"

#include <algorithm>
#include <tuple>

namespace sallyport::sso {
namespace {

using storage::TokenRecord;

constexpr Error kNotTheirs{Code::kNotFound, Side::kClient, "there is no such token"};

std::string words_for(const TokenAsker& who, const UserId& owner) {
  const policy::CompiledUser* const user = who.snapshot->user(owner);
  if (user == nullptr) return owner.to_string();
  return (user->account ? "service account " : "user ") + user->name;
}

Result<TokenRecord> find_theirs(TokenService& service, const TokenAsker& who, const RecordId& id) {
  TRY(std::vector<TokenRecord> tokens, service.list());
  const auto found = std::ranges::find(tokens, id, &TokenRecord::id);
  if (found == tokens.end() || !may_manage_tokens(who, found->user)) return std::unexpected(kNotTheirs);
  return std::move(*found);
}

}  // namespace

bool may_manage_tokens(const TokenAsker& who, const UserId& owner) {
  if (owner == who.asker.user) return true;
  const policy::CompiledUser* const account = who.snapshot->user(owner);
  if (account == nullptr || !account->account || account->damaged) return false;
  const policy::CompiledTeam* const team = who.snapshot->team(account->account->team);
  if (team == nullptr || team->damaged) return false;
  if (team->mfa == policy::MfaRule::kRequired && who.strength != policy::Strength::kMfa) return false;
  const auto member = team->members.find(who.asker.user);
  return member != team->members.end() && member->second == policy::Role::kOwner;
}

// What this session does counts only while it lives: an end that was committed meanwhile is known here.
Result<void> OwnTokens::still_here(const TokenAsker& who) const {
  if (sessions_.alive(who.asker.session, who.asker.session, clock_.wall())) return {};
  return fail(Code::kUnauthenticated, Side::kClient, "the session has ended");
}

Task<Result<std::vector<OwnToken>>> OwnTokens::list(Loop& home, TokenAsker who) {
  auto reading = store_.run<std::vector<OwnToken>>(
      home, [this, who = std::move(who)](storage::Store& store) -> Result<std::vector<OwnToken>> {
        const TokenRules rules = rules_of(who.snapshot->platform());
        TRY(std::vector<TokenRecord> tokens, TokenService(store, clock_).list());
        std::vector<OwnToken> out;
        for (TokenRecord& token : tokens) {
          const WallMicros end = end_of(token, rules);
          if (end <= clock_.wall() || !may_manage_tokens(who, token.user)) continue;
          const policy::CompiledUser* const owner = who.snapshot->user(token.user);
          out.push_back({std::move(token), owner && owner->account ? owner->name : "", end});
        }
        std::ranges::sort(out, {}, [](const OwnToken& token) {
          return std::tuple(token.account, count(token.record.created_at), token.record.id);
        });
        return out;
      });
  co_return co_await reading;
}

Task<Result<IssuedToken>> OwnTokens::create(Loop& home, TokenAsker who, NewToken wanted) {
  auto making = store_.run<IssuedToken>(
      home, [this, who = std::move(who), wanted = std::move(wanted)](storage::Store& store) -> Result<IssuedToken> {
        CHECKED(still_here(who));
        TRY(IssuedToken out,
            TokenService(store, clock_)
                .create(wanted, rules_of(who.snapshot->platform()), {who.asker.name, who.asker.client}));
        tokens_.insert(out.record);
        return out;
      });
  co_return co_await making;
}

Task<Result<void>> OwnTokens::revoke(Loop& home, TokenAsker who, RecordId id) {
  auto ending = store_.run<storage::Generation>(
      home, [this, who = std::move(who), id](storage::Store& store) -> Result<storage::Generation> {
        CHECKED(still_here(who));
        TokenService service(store, clock_);
        TRY(const TokenRecord token, find_theirs(service, who, id));
        TRY(const storage::Generation generation,
            service.revoke({token}, {words_for(who, token.user)}, {who.asker.name, who.asker.client}));
        tokens_.revoke(id);
        return generation;
      });
  CO_TRY(const storage::Generation generation, co_await ending);
  auto following = wait_until_in_force(in_force_, home, generation);
  co_await following;
  co_return Result<void>{};
}

Task<Result<IssuedToken>> OwnTokens::rotate(Loop& home, TokenAsker who, RecordId id, RotationWish wish) {
  auto rotating = store_.run<IssuedToken>(
      home, [this, who = std::move(who), id, wish](storage::Store& store) -> Result<IssuedToken> {
        CHECKED(still_here(who));
        TokenService service(store, clock_);
        TRY(TokenRecord old, find_theirs(service, who, id));
        TRY(IssuedToken out, service.rotate({.id = id,
                                             .whose = words_for(who, old.user),
                                             .overlap = wish.overlap,
                                             .life = wish.life,
                                             .strength = who.strength},
                                            rules_of(who.snapshot->platform()), {who.asker.name, who.asker.client}));
        old.expires_at = std::min(old.expires_at, out.record.created_at + wish.overlap);
        tokens_.insert(old);
        tokens_.insert(out.record);
        return out;
      });
  CO_TRY(IssuedToken out, co_await rotating);
  auto following = wait_until_in_force(in_force_, home, out.generation);
  co_await following;
  co_return std::move(out);
}

}  // namespace sallyport::sso
