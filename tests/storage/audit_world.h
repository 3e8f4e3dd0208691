// What the audit tests share: a folder that goes away, a key, a clock that is set by hand, events, bytes of a segment.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "storage/audit_log.h"
#include "storage/audit_segment.h"
#include "storage/audit_signature.h"

namespace sallyport::storage {

class ManualClock final : public Clock {
 public:
  WallMicros wall() const override { return WallMicros{wall_micros}; }
  Monotonic monotonic() const override { return Monotonic{} + std::chrono::microseconds(wall_micros); }
  int64_t wall_micros = 1'700'000'000'000'000;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-audit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline SecretBytes seed_of(char fill) { return *SecretBytes::copy_of(std::string(32, fill)); }
inline Bytes public_key_of(char fill) { return audit::Signer::open(seed_of(fill))->public_key(); }

class AuditWorld : public testing::Test {
 protected:
  AuditOptions options(uint64_t segment_bytes = 64 << 10) const {
    AuditOptions out;
    out.dir = folder_.path() + "/audit";
    out.installation = RecordId{{std::byte{7}}};
    out.node = "node-1";
    out.segment_bytes = segment_bytes;
    out.ring_bytes = 64 << 10;
    out.flush = std::chrono::hours(1);  // tests flush by hand
    return out;
  }
  std::string anchor() const { return folder_.path() + "/anchor"; }
  std::string dir() const { return folder_.path() + "/audit"; }

  std::unique_ptr<AuditLog> open(const AuditOptions& with) {
    auto log = AuditLog::open(with, seed_of('k'), clock_);
    EXPECT_TRUE(log.has_value()) << (log ? "" : log.error().what);
    return log ? *std::move(log) : nullptr;
  }
  std::unique_ptr<AuditLog> open() { return open(options()); }

  AccessEvent event(std::string_view path = "/v1/things") const {
    AccessEvent out;
    out.at = clock_.wall();
    out.request_id = "req-1";
    out.client = *IpAddress::parse("192.0.2.7");
    out.user = RecordId{{std::byte{1}}};
    out.user_name = "alice";
    out.means_id = RecordId{{std::byte{2}}};
    out.means = "session";
    out.strength = "mfa";
    out.resource = "crm";
    out.host = "crm.apps.localhost";
    out.method = "GET";
    out.path = path;
    out.outcome = "allow";
    out.reason = "rule";
    out.rule = 1;
    out.status = 200;
    out.latency = std::chrono::microseconds(1234);
    out.request_bytes = 10;
    out.response_bytes = 20;
    return out;
  }
  // Waits while the next segment is being set aside.
  AuditSlot place(AuditLog& log) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < until) {
      if (auto slot = log.reserve()) return *std::move(slot);
      std::this_thread::yield();
    }
    ADD_FAILURE() << "no room";
    return {};
  }
  void record(AuditLog& log, size_t count, std::string_view path = "/v1/things") const {
    for (size_t i = 0; i < count; ++i) log.record(place(log), event(path));
  }
  VerifyOutcome verify(const std::string& anchor = "") const {
    return verify_audit(dir(), {public_key_of('k')}, anchor);
  }
  std::vector<nlohmann::json> read(uint64_t from = 1) const {
    std::vector<nlohmann::json> out;
    const auto done = read_audit(dir(), from, [&](const AuditEntry& entry) {
      out.push_back(nlohmann::json::parse(entry.json));
      EXPECT_EQ(out.back()["seq"], entry.seq);
      return true;
    });
    EXPECT_TRUE(done.has_value()) << done.error().what;
    return out;
  }

  std::string segment(uint32_t number) const { return audit::segment_path(dir(), number); }

  TemporaryFolder folder_;
  ManualClock clock_;
};

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace sallyport::storage
