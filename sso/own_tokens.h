// A person's own tokens, and those of the service accounts of teams that he owns: what they are, new ones, rotation and
// their end. What is not his to change is not found. Behind the page and the API; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "sso/own_sessions.h"
#include "sso/token_service.h"
#include "sso/token_wish.h"
#include "storage/session_table.h"

namespace sallyport::sso {

// Who asks, as of one snapshot, in a session.
struct TokenAsker {
  Asker asker;
  policy::Strength strength = policy::Strength::kPassword;  // of the session: what is made by it has no more
  std::shared_ptr<const policy::Snapshot> snapshot;
};

struct OwnToken {
  storage::TokenRecord record;
  std::string account;  // the service account's name; empty: the person's own
  WallMicros ends_at{};
};

class OwnTokens {
 public:
  OwnTokens(storage::StoreThread& store, storage::SessionTable& sessions, storage::TokenTable& tokens,
            const Clock& clock, AwaitInForce in_force)
      : store_(store), sessions_(sessions), tokens_(tokens), clock_(clock), in_force_(std::move(in_force)) {}

  // Living ones, oldest first; the person's own before those of service accounts.   errors, of all: the store's.
  Task<Result<std::vector<OwnToken>>> list(Loop& home, TokenAsker who);
  // errors, of all that follow: kUnauthenticated the session has ended meanwhile; and TokenService's. In force when it
  // returns; what lived by a token that is over by then has ended.
  Task<Result<IssuedToken>> create(Loop& home, TokenAsker who, NewToken wanted);
  Task<Result<void>> revoke(Loop& home, TokenAsker who, RecordId id);
  Task<Result<IssuedToken>> rotate(Loop& home, TokenAsker who, RecordId id, RotationWish wish);

 private:
  // On the store's thread.   errors: kUnauthenticated.
  Result<void> still_here(const TokenAsker& who) const;

  storage::StoreThread& store_;
  storage::SessionTable& sessions_;
  storage::TokenTable& tokens_;
  const Clock& clock_;
  AwaitInForce in_force_;
};

// May he rotate and revoke what this account has? A person may as himself; an owner of its team, with the factor that
// the team demands, for a service account.
bool may_manage_tokens(const TokenAsker& who, const UserId& owner);

}  // namespace sallyport::sso
