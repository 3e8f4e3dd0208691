// The records of the store besides resources, as plain values. Times are WallMicros; ids are hashes or random, never
// clear.
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

// A session on the gate, or the child of one on another host. The cookie's value is 256 random bits; only its SHA-256
// is here.
struct SessionRecord {
  Sha256 id_hash{};
  RecordId id;      // public id: `session list`, the account page
  RecordId family;  // the gate session's id; == id for the gate's own
  UserId user;
  std::string host;  // the cookie counts on this host alone
  WallMicros created_at{};
  WallMicros last_seen_at{};
  WallMicros absolute_end{};
  std::chrono::seconds idle{};
  policy::Strength strength = policy::Strength::kPassword;
  std::optional<WallMicros> factor_at;
  std::string client;      // address at sign-in
  std::string user_agent;  // at most 200 bytes
};

struct TokenRecord {
  RecordId id;
  Sha256 hash{};  // of the whole token text "spt_..."
  UserId user;    // or the service account
  std::string name;
  WallMicros created_at{};
  WallMicros expires_at{};
  std::optional<WallMicros> last_used_at;
  policy::Strength strength = policy::Strength::kPassword;
  policy::TokenScope scope;
  std::string last_used_from;  // the client's address; empty: never used
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

// A random key with a purpose ("row-mac", "audit-signing", "tls-ticket"), sealed under a data key; public halves are
// kept.
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
  std::string action;  // "resource.put", "session.begin", "session.end", "token.create", "sign_in.refused", ...
  std::string actor;   // user name, or "cli:UID"
  std::string object;  // "datasource crm"
  std::string client;  // address, or empty
  std::string detail;  // plain words, no secret
};
struct ChainedAdminEvent {
  uint64_t seq = 0;
  AdminEvent event;
  Sha256 previous{};
  Sha256 hash{};
};

// How a second factor of a user was used last. counter: the time step of a TOTP code, the signature counter of a
// passkey (0: it counts nothing), 1 for a recovery code, whose id is the first half of its hash.
struct FactorUse {
  RecordId factor;
  UserId user;
  uint64_t counter = 0;  // below 2^63
  WallMicros used_at{};
};

// How often a field of a record was written (field "": the record as a whole), with a MAC under the row-MAC key.
// Outlives the record and only rises: what is put back from an older copy does not fit.
struct FieldEpoch {
  std::string field;
  uint64_t epoch = 0;
  Bytes mac;
};

// Where a gate session came from, when a provider vouched for it. Goes with its session.
struct SessionOrigin {
  RecordId session;   // the gate's own: the family's id
  RecordId provider;  // of the record of kind identity_provider
  Sha256 subject_hash{};
  std::optional<Sha256> index_hash;  // of the provider's name for its own session: SAML SessionIndex, OIDC sid
  Bytes sealed;                      // what a logout has to say, sealed with kind "session-origin"
};

// A sign-in at a provider, for whoever has to find out why it failed. Nothing in it is secret.
struct SignInAttempt {
  std::string provider;  // its name
  WallMicros at{};
  std::string reference;  // what the person was told
  std::string outcome;    // "signed in", "refused", "unavailable"
  std::string user;       // the account's name, or empty
  std::string client;     // address
  std::string reason;     // of ours, in plain words
  std::string checks;     // JSON (sso/flight_recorder.h)
};
constexpr size_t kAttemptsKept = 100;  // of each provider

// The last good answer of a provider.
struct ProviderDocument {
  RecordId provider;
  std::string what;    // "metadata", "discovery", "keys"
  std::string source;  // the URL it came from: it counts for that one alone
  std::string body;
  WallMicros fetched_at{};
};

// --- changes, each one row or one sweep
// Once, by the keyring, together with the first data key; kConflict when there is one.
struct SetSaltFingerprint {
  Sha256 fingerprint;
};
struct PutResource {
  policy::ResourceRecord record;  // with its sealed fields as they shall be; .version is set by the commit
  Bytes mac;
  std::vector<FieldEpoch> epochs;  // those that rise with this change; kConflict when one does not
};
struct DeleteResource {
  RecordId id;
  std::vector<FieldEpoch> epochs{};  // as above
};
// A new session, or the same id again (a factor was added, the cookie changed). kConflict: it has ended, or its family
// has.
struct PutSession {
  SessionRecord session;
};
// A factor was shown in this session: it alone is as strong from now on, under another cookie. kConflict: it has ended.
struct RaiseSession {
  RecordId id;
  Sha256 id_hash{};
  policy::Strength strength = policy::Strength::kMfa;
  std::optional<WallMicros> factor_at;
};
struct TouchSession {
  RecordId id;
  WallMicros last_seen_at;
};  // id of the family

struct EndSession {
  RecordId id;
};  // the whole family when id is a gate session
struct EndSessionsOfUser {
  UserId user;
};
struct PutToken {
  TokenRecord token;
};
struct TouchToken {
  RecordId id;
  WallMicros last_used_at;
  std::string from;
};
// It ends then, or when it would have anyway: never later. kConflict: there is no such token.
struct CutToken {
  RecordId id;
  WallMicros expires_at;
};
struct RevokeToken {
  RecordId id;
};  // ending what has ended is no error and moves no generation
struct PutFlow {
  FlowRecord flow;
};
struct PutDataKey {
  DataKeyRecord key;
};
struct PutNamedKey {
  NamedKeyRecord key;
};
// kConflict: the counter is not above the one of the factor's last use, unless both are 0. In the commit of what the
// factor opens, so that of two who show the same code one succeeds.
struct UseFactor {
  FactorUse use;
};
struct ForgetFactorUses {
  UserId user;
  std::vector<RecordId> but;  // of these factors they are kept
};
// kConflict: it was used before. Remembered until then.
struct UseOnce {
  Sha256 key{};
  WallMicros until{};
};
// Behind its PutSession.
struct PutSessionOrigin {
  SessionOrigin origin;
};
struct PutSignInAttempt {
  SignInAttempt attempt;
};
struct PutProviderDocument {
  ProviderDocument document;
};
using Change =
    std::variant<SetSaltFingerprint, PutResource, DeleteResource, PutSession, RaiseSession, TouchSession, EndSession,
                 EndSessionsOfUser, PutToken, TouchToken, CutToken, RevokeToken, PutFlow, PutDataKey, PutNamedKey,
                 UseFactor, ForgetFactorUses, UseOnce, PutSessionOrigin, PutSignInAttempt, PutProviderDocument>;

struct ChangeSet {
  std::vector<Change> changes;
  // Set by who compared against a read: kConflict if a resource or a key was changed after that generation. (Sessions
  // that end meanwhile do not disturb.)
  std::optional<Generation> expected;
};

}  // namespace sallyport::storage
