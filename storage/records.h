// The records of the store besides resources, as plain values. Times are WallMicros; ids are hashes or random, never clear.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/record_id.h"
#include "policy/identity.h"
#include "policy/record.h"

namespace sallyport::storage {

enum class Generation : uint64_t {};
constexpr uint64_t count(Generation generation) { return static_cast<uint64_t>(generation); }

// A session on the gate, or the child of one on another host. The cookie's value is 256 random bits; only its SHA-256 is here.
struct SessionRecord {
  Sha256 id_hash{};
  RecordId id;               // public id: `session list`, the account page
  RecordId family;           // the gate session's id; == id for the gate's own
  UserId user;
  std::string host;          // the cookie counts on this host alone
  WallMicros created_at{};
  WallMicros last_seen_at{};
  WallMicros absolute_end{};
  std::chrono::seconds idle{};
  policy::Strength strength = policy::Strength::kPassword;
  std::optional<WallMicros> factor_at;
  std::string client;        // address at sign-in
  std::string user_agent;    // at most 200 bytes
};

struct TokenRecord {
  RecordId id;
  Sha256 hash{};  // of the whole token text "spt_..."
  UserId user;
  std::string name;
  WallMicros created_at{};
  WallMicros expires_at{};
  std::optional<WallMicros> last_used_at;
  policy::Strength strength = policy::Strength::kPassword;
  policy::TokenScope scope;
};

// Something of one use that waits for its second half: a sign-in under way, a hand-over code.
struct FlowRecord {
  Sha256 key_hash{};
  std::string kind;  // "sign-in", "hand-over"
  Bytes sealed;      // its JSON, sealed with kind "flow"
  WallMicros expires_at{};
};

struct DataKeyRecord {
  uint32_t id = 0;
  Bytes wrapped;  // 32 bytes under the wrap key
  bool active = false;
  WallMicros created_at{};
};

// A random key with a purpose ("row-mac", "audit-signing", "tls-ticket"), sealed under a data key; public halves are kept.
struct NamedKeyRecord {
  std::string purpose;
  RecordId id;
  Bytes sealed;
  Bytes public_key;
  WallMicros created_at{};
  bool retired = false;
};

// What an administrative action or a sign-in leaves behind, in the same transaction as the change itself.
struct AdminEvent {
  WallMicros at{};
  std::string action;    // "resource.put", "session.begin", "session.end", "token.create", "sign_in.refused", ...
  std::string actor;     // user name, or "cli:UID"
  std::string object;    // "datasource crm"
  std::string client;    // address, or empty
  std::string detail;    // plain words, no secret
};
struct ChainedAdminEvent {
  uint64_t seq = 0;
  AdminEvent event;
  Sha256 previous{};
  Sha256 hash{};
};

// --- changes, each one row or one sweep
struct PutResource {
  policy::ResourceRecord record;  // with its sealed fields as they shall be
  Bytes mac;
};
struct DeleteResource { RecordId id; };
struct PutSession { SessionRecord session; };
struct TouchSession { RecordId id; WallMicros last_seen_at; };
struct EndSession { RecordId id; };            // the whole family when id is a gate session
struct EndSessionsOfUser { UserId user; };
struct PutToken { TokenRecord token; };
struct TouchToken { RecordId id; WallMicros last_used_at; };
struct RevokeToken { RecordId id; };
struct PutFlow { FlowRecord flow; };
struct PutDataKey { DataKeyRecord key; };
struct PutNamedKey { NamedKeyRecord key; };
using Change = std::variant<PutResource, DeleteResource, PutSession, TouchSession, EndSession, EndSessionsOfUser, PutToken,
                            TouchToken, RevokeToken, PutFlow, PutDataKey, PutNamedKey>;

struct ChangeSet {
  std::vector<Change> changes;
  // Set by who compared against a read: kConflict if the generation is another one by now.
  std::optional<Generation> expected;
};

}  // namespace sallyport::storage
