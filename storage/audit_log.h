// Access events of this node, for ever: append-only segments, fallocated ahead, each entry chained to the one before by
// SHA-256, checkpoints signed with Ed25519 (format: storage/AUDIT_FORMAT.md). Entries go into a ring, a small mapped
// file beside the segments, and one background thread writes them from there into the segments and syncs: who records
// never waits for the disk. The ring is a file, so kill -9 loses nothing that was recorded; a power cut loses at most
// the flush interval (batched mode), or nothing (durable mode). Space in the ring and in the segments is reserved
// before a request is forwarded, so recording at its end cannot fail. Any thread; an append is one lock, one hash, one
// copy (under 1 us).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/ip.h"
#include "base/loop.h"
#include "base/record_id.h"
#include "base/secret.h"
#include "base/task.h"
#include "policy/identity.h"

namespace sallyport::storage {

enum class AuditKind : uint8_t { kAccess = 1, kAccessBegin = 2, kAccessEnd = 3, kCheckpoint = 4, kAlert = 5 };

constexpr size_t kAuditPathBytesMax = 512;    // longer values are cut and marked
constexpr size_t kAuditEntryBytesMax = 1536;  // what a reservation sets aside

struct AccessEvent {
  AuditKind kind = AuditKind::kAccess;
  WallMicros at{};  // zero: now
  std::string_view request_id;
  IpAddress client;
  UserId user;  // zero: nobody
  std::string_view user_name;
  RecordId means_id;          // session or token
  std::string_view means;     // "session", "token", ""
  std::string_view strength;  // "password", "mfa", ""
  std::string_view resource;  // name, or empty
  std::string_view host;
  std::string_view method;
  std::string_view path;     // canonical, without the query
  std::string_view outcome;  // allow, deny, sign-in, step-up, refused, cancelled
  std::string_view reason;   // a literal
  int rule = -1;
  int status = 0;  // 0: none was sent
  std::chrono::microseconds latency{};
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
};

// A place set aside; given back when it is destroyed unused.
class AuditSlot {
 public:
  AuditSlot() = default;
  AuditSlot(AuditSlot&& other) noexcept : log_(std::exchange(other.log_, nullptr)) {}
  AuditSlot& operator=(AuditSlot&& other) noexcept {
    std::swap(log_, other.log_);
    return *this;
  }
  ~AuditSlot();
  explicit operator bool() const { return log_ != nullptr; }

 private:
  friend class AuditLog;
  explicit AuditSlot(class AuditLog& log) : log_(&log) {}
  class AuditLog* log_ = nullptr;
};

struct AuditOptions {
  std::string dir;
  RecordId installation;  // stands in every segment; a folder of another installation is refused
  std::string node;       // the node's name, for people; at most 63 bytes. Empty: the host's name
  std::string anchor;     // checkpoints are appended to this file as well; empty: none
  uint64_t segment_bytes = uint64_t{16} << 20;
  uint64_t ring_bytes = uint64_t{16} << 20;  // what may wait for a disk that is slow
  std::chrono::milliseconds flush{1000};
  std::chrono::seconds checkpoint{60};
};

struct AuditHealth {
  uint64_t entries = 0;
  uint64_t synced_entries = 0;
  bool room = false;  // false: requests are refused until the disk has room again
  bool disk_failed =
      false;  // a write or a sync failed: what the disk holds is unknown, nothing more is accepted until a restart
  bool anchor_failed = false;  // the newest checkpoint could not be copied; tried again with each flush
};

class AuditLog {
 public:
  // Opens or makes the log; recovers after a crash: a torn last entry is cut, everything whole before it stays.
  // signing_seed: 32 bytes (Ed25519).   errors: kUnavailable the folder or its
  // disk, or another process has the log open; kDenied the chain is broken at its end, is another installation's, or
  // ends before its anchor.
  static Result<std::unique_ptr<AuditLog>> open(AuditOptions options, const SecretBytes& signing_seed,
                                                const Clock& clock);
  ~AuditLog();  // writes a last checkpoint and flushes

  // Never waits. errors: kUnavailable no room (disk full, or so slow that the ring is): refuse the request with 503.
  Result<AuditSlot> reserve();
  // Appends; the slot is used up. Cannot fail. An alert needs no request: kind, resource and reason are enough.
  void record(AuditSlot slot, const AccessEvent& event);
  // Durable mode: appends the begin entry and resumes once it is synced (one fdatasync serves all that wait).
  Task<Result<void>> record_begin_durably(Loop& home, AccessEvent event, AuditSlot slot);
  void flush();  // blocking: what is there is written and synced
  uint64_t entries() const;
  bool has_room() const;
  AuditHealth health() const;  // for the log, /ready and /metrics

 private:
  AuditLog();
  friend class AuditSlot;
  class Durably;
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

struct AuditEntry {
  uint64_t seq = 0;
  AuditKind kind = AuditKind::kAccess;
  std::string json;  // one object, every field of the entry
};

struct VerifyOutcome {
  uint64_t entries = 0;
  std::optional<uint64_t> broken_seq;
  std::string reason;
};
// Reads a log's folder without a running gateway (or beside one). public_keys: Ed25519, 32 bytes each.
VerifyOutcome verify_audit(const std::string& dir, const std::vector<Bytes>& public_keys, const std::string& anchor);
Result<void> read_audit(const std::string& dir, uint64_t from_seq, const std::function<bool(const AuditEntry&)>& each);

}  // namespace sallyport::storage
