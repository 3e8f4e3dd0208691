// All living sessions of the process in front of the store (the stated exception to shared-nothing): sharded, any
// thread. A gate session and its children on other hosts are one family: used together, ended together. How strong each
// is, is its own.
//
// A session's own use is noted at once, its family's at most once a second per session: a session that is used on one
// host only may therefore be taken for idle up to a second early on the others, and never late. Memory: about 350 bytes
// for a gate session (220 to 440, as the arrays fill), 300 for a child; hosts are kept once.
#pragma once

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

// A gate session with its children, as a whole. last_seen: up to a second late.
struct LiveFamily {
  UserId user;
  WallMicros last_seen{};
};

class SessionTable {
 public:
  SessionTable();
  ~SessionTable();

  // A new session, or a known id with another cookie or strength. False, and nothing happens: a child whose family is
  // not here, because it has ended. A new session comes in here before the commit that makes it last (and goes by end()
  // if that fails), so that whoever ends it in between is heard.
  bool insert(const SessionRecord& record);
  // The living session of this cookie on this host, and marks its family as used now. Nothing when unknown, of another
  // host, ended, idle too long or over. cost: one shard lock, one look-up, no allocation; made for 1,000,000 sessions.
  std::optional<LiveSession> find(const Sha256& id_hash, std::string_view host, WallMicros now);
  // Ends the family of a gate session's id, or the one child. True if there was one.
  bool end(const RecordId& id);
  size_t end_user(const UserId& user);  // how many families; cost: a walk over all of them
  // A factor was shown in this session of `family`: it alone is as strong from now on, under another cookie, and the
  // old cookie is nobody's. Once that is committed. False, and nothing happens: it has ended meanwhile.
  bool raise(const RecordId& family, const RaiseSession& raise);
  // Of the session `id` of `family`: neither it nor its family has ended. Without marking use.
  bool alive(const RecordId& id, const RecordId& family, WallMicros now) const;
  // What the session `id` of `family` is now; nothing when alive() is false. Without marking use.
  std::optional<LiveSession> current(const RecordId& id, const RecordId& family, WallMicros now) const;
  // Nothing when it has ended, was idle too long or is over. Without marking use.
  std::optional<LiveFamily> family(const RecordId& id, WallMicros now) const;
  size_t size() const;

  // Families used since the last call, for TouchSession; also forgets what is over. cost: a walk over all families,
  // about 20 ms for 1,000,000; not for a loop's thread.
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
  std::optional<LiveToken> find(const Sha256& hash,
                                WallMicros now);  // marks use; nothing when unknown, revoked or expired
  bool revoke(const RecordId& id);
  size_t size() const;
  std::vector<std::pair<RecordId, WallMicros>> collect_touched();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::storage
