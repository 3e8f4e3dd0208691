// All living sessions of the process in front of the store (the stated exception to shared-nothing): sharded, any thread.
// A gate session and its children on other hosts are one family: used together, ended together.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/records.h"

namespace sallyport::storage {

struct LiveSession {
  RecordId id;
  RecordId family;
  UserId user;
  policy::Strength strength = policy::Strength::kPassword;
  std::optional<WallMicros> factor_at;
};

class SessionTable {
 public:
  SessionTable();
  ~SessionTable();

  void insert(const SessionRecord& record);
  // The living session of this cookie on this host, and marks its family as used now. Nothing when unknown, of another
  // host, ended, idle too long or over. cost: one shard lock, one look-up, no allocation; made for 1,000,000 sessions.
  std::optional<LiveSession> find(const Sha256& id_hash, std::string_view host, WallMicros now);
  // Ends the family of a gate session's id, or the one child. True if there was one.
  bool end(const RecordId& id);
  size_t end_user(const UserId& user);
  void raise(const RecordId& family, policy::Strength strength, WallMicros factor_at);
  bool alive(const RecordId& family, WallMicros now) const;  // without marking use
  size_t size() const;

  // Families used since the last call, for TouchSession; also forgets what is over.
  std::vector<std::pair<RecordId, WallMicros>> collect_touched(WallMicros now);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// Tokens of the process, the same way.
struct LiveToken {
  RecordId id;
  UserId user;
  policy::Strength strength = policy::Strength::kPassword;
  std::shared_ptr<const policy::TokenScope> scope;
};

class TokenTable {
 public:
  TokenTable();
  ~TokenTable();
  void insert(const TokenRecord& record);
  std::optional<LiveToken> find(const Sha256& hash, WallMicros now);  // marks use; nothing when unknown, revoked or expired
  bool revoke(const RecordId& id);
  size_t size() const;
  std::vector<std::pair<RecordId, WallMicros>> collect_touched();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::storage
