// A table of sessions, and sessions to put into it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>

#include "base/random.h"
#include "storage/session_table.h"

namespace sallyport::storage {

inline constexpr WallMicros kStart{1'700'000'000'000'000};
inline constexpr const char* kGate = "gate.localhost";
inline constexpr const char* kApp = "app.localhost";

inline SessionRecord session_of(const UserId& user, const char* host = kGate,
                                std::optional<RecordId> family = std::nullopt) {
  SessionRecord out;
  out.id_hash = Sha256{random_bytes<32>()};
  out.id = RecordId::random();
  out.family = family.value_or(out.id);
  out.user = user;
  out.host = host;
  out.created_at = out.last_seen_at = kStart;
  out.absolute_end = kStart + std::chrono::hours(24);
  out.idle = std::chrono::hours(1);
  return out;
}

class SessionWorld : public ::testing::Test {
 protected:
  bool lives(const SessionRecord& session, std::chrono::microseconds after) {
    return table_.find(session.id_hash, session.host, kStart + after).has_value();
  }
  SessionTable table_;
  const UserId alice_ = RecordId::random();
  const UserId bob_ = RecordId::random();
};

}  // namespace sallyport::storage
